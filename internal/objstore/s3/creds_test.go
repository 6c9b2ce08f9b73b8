package s3

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"huihai/internal/objstore/s3/s3test"
)

// Keys come from the environment, a profile of a file, or a role, in this order.
func TestWhereKeysComeFrom(t *testing.T) {
	srv := s3test.Start(t)
	file := filepath.Join(t.TempDir(), "credentials")
	profile := fmt.Sprintf("[default]\naws_access_key_id = other\naws_secret_access_key = other\n[work]\naws_access_key_id = %s\naws_secret_access_key = %s\naws_session_token = %s\n", s3test.AccessKey, s3test.SecretKey, s3test.Token)
	if err := os.WriteFile(file, []byte(profile), 0o600); err != nil {
		t.Fatal(err)
	}
	role := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/role" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprintf(w, `{"Code":"Success","AccessKeyId":%q,"SecretAccessKey":%q,"Token":%q,"Expiration":"2099-01-01T00:00:00Z"}`, s3test.AccessKey, s3test.SecretKey, s3test.Token)
	}))
	defer role.Close()
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Form.Get("WebIdentityToken") != "a token" || r.Form.Get("RoleArn") != "arn:of:role" {
			http.Error(w, "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>", http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>%s</SecretAccessKey><SessionToken>%s</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>", s3test.AccessKey, s3test.SecretKey, s3test.Token)
	}))
	defer sts.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("a token"), 0o600); err != nil {
		t.Fatal(err)
	}
	none := map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}
	for name, tc := range map[string]struct {
		env  map[string]string
		open string // the error of Open
		put  string // that of a request
	}{
		"environment":          {},
		"profile":              {env: map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "work"}},
		"default profile":      {env: map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file}, put: "InvalidAccessKeyId"},
		"profile not there":    {env: map[string]string{"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "home"}, open: "home"},
		"container":            {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": role.URL + "/role"}},
		"container not there":  {env: map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": role.URL + "/other"}, put: "AWS_ACCESS_KEY_ID"},
		"web identity":         {env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "arn:of:role", "AWS_ENDPOINT_URL_STS": sts.URL}},
		"web identity refused": {env: map[string]string{"AWS_WEB_IDENTITY_TOKEN_FILE": token, "AWS_ROLE_ARN": "another", "AWS_ENDPOINT_URL_STS": sts.URL}, put: "AWS_WEB_IDENTITY_TOKEN_FILE"},
		"nothing":              {env: map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}, open: "AWS_ACCESS_KEY_ID"},
		"half":                 {env: map[string]string{"AWS_ACCESS_KEY_ID": "a"}, open: "AWS_SECRET_ACCESS_KEY"},
	} {
		getenv := func(n string) string {
			if v, ok := tc.env[n]; ok {
				return v
			}
			if v, ok := none[n]; ok && tc.env != nil {
				return v
			}
			return srv.Getenv(n)
		}
		s, err := Open("s3://"+s3test.Bucket, getenv)
		if tc.open != "" || err != nil {
			if err == nil || tc.open == "" || !strings.Contains(err.Error(), tc.open) {
				t.Errorf("%s: open: %v, want %q", name, err, tc.open)
			}
			continue
		}
		s.wait = atOnce
		err = put(context.Background(), s, "k", "text")
		if err == nil {
			err = s.Get(context.Background(), "k", 0, -1, io.Discard)
		}
		if tc.put == "" && err != nil || tc.put != "" && (err == nil || !strings.Contains(err.Error(), tc.put)) {
			t.Errorf("%s: %v, want %q", name, err, tc.put)
		}
		s.Close()
	}
}
