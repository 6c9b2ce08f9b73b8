package s3

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/minio/minio-go/v7/pkg/credentials"
)

const howToSign = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), write a profile into ~/.aws/credentials (AWS_PROFILE, AWS_SHARED_CREDENTIALS_FILE), or run where a role is given (AWS_WEB_IDENTITY_TOKEN_FILE with AWS_ROLE_ARN, AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, an instance's role)"

// keysFrom returns where requests get their keys: the environment, else a profile of
// the credentials file, else a role (web identity, container, instance), which is
// asked for at the first request and again before its keys expire.
func keysFrom(getenv func(string) string, region string) (*credentials.Credentials, error) {
	id, secret := getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY")
	switch {
	case id != "" && secret != "":
		return credentials.NewStaticV4(id, secret, getenv("AWS_SESSION_TOKEN")), nil
	case id != "" || secret != "":
		return nil, errors.New("only one of two is there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY both")
	}
	profile, file := getenv("AWS_PROFILE"), getenv("AWS_SHARED_CREDENTIALS_FILE")
	if file == "" && getenv("HOME") != "" {
		file = getenv("HOME") + "/.aws/credentials"
	}
	if file != "" {
		c := credentials.NewFileAWSCredentials(file, first(profile, "default"))
		v, err := c.GetWithContext(nil)
		if err == nil && v.AccessKeyID != "" && v.SecretAccessKey != "" {
			return c, nil
		}
		if profile != "" || getenv("AWS_SHARED_CREDENTIALS_FILE") != "" {
			return nil, fmt.Errorf("no keys for the profile %s in %s: %w", first(profile, "default"), file, errors.Join(err))
		}
	}
	role := &credentials.IAM{Client: roleClient(), Region: region}
	role.Container.AuthorizationToken = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN")
	role.Container.AuthorizationTokenFile = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
	role.Container.CredentialsRelativeURI = getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
	role.Container.CredentialsFullURI = getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
	role.EKSIdentity.TokenFile = getenv("AWS_WEB_IDENTITY_TOKEN_FILE")
	role.EKSIdentity.RoleARN = getenv("AWS_ROLE_ARN")
	role.EKSIdentity.RoleSessionName = getenv("AWS_ROLE_SESSION_NAME")
	named := role.Container.CredentialsRelativeURI != "" || role.Container.CredentialsFullURI != "" || role.EKSIdentity.TokenFile != ""
	if !named {
		if getenv("AWS_EC2_METADATA_DISABLED") == "true" {
			return nil, errors.New("no credentials: " + howToSign)
		}
		role.Endpoint = getenv("AWS_EC2_METADATA_SERVICE_ENDPOINT")
	} else if role.EKSIdentity.TokenFile != "" {
		role.Endpoint = getenv("AWS_ENDPOINT_URL_STS")
	}
	return credentials.New(role), nil
}

// roleClient asks services that are near or not there at all.
func roleClient() *http.Client {
	return &http.Client{
		Timeout:   10 * time.Second,
		Transport: &http.Transport{DialContext: (&net.Dialer{Timeout: 2 * time.Second}).DialContext, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
	}
}

// keys returns the keys to sign the next request with.
func (s *Store) keys() (credentials.Value, error) {
	v, err := s.creds.GetWithContext(nil)
	if err == nil && (v.AccessKeyID == "" || v.SecretAccessKey == "") {
		err = errors.New("the answer holds no keys")
	}
	if err != nil {
		return v, fmt.Errorf("no credentials: %s; asked for the keys of a role: %w", howToSign, err)
	}
	return v, nil
}
