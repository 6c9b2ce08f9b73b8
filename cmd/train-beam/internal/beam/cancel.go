package beam

import (
	"context"
	"time"

	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// cancelTimeout bounds how long an interrupted build waits for the job server.
const cancelTimeout = 10 * time.Second

// cancelJob asks the job server to stop the job of that name. The SDK itself
// walks away from a job whose driver is interrupted, and workers would go on.
// Failures stay silent: the driver is ending, and tasks that go on do no harm.
func cancelJob(endpoint, name string) {
	if endpoint == "" {
		return // the runner has no job server
	}
	ctx, cancel := context.WithTimeout(context.Background(), cancelTimeout)
	defer cancel()
	conn, err := grpc.NewClient(endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return
	}
	defer func() { _ = conn.Close() }()
	client := jobpb.NewJobServiceClient(conn)
	jobs, err := client.GetJobs(ctx, &jobpb.GetJobsRequest{})
	if err != nil {
		return
	}
	for _, job := range jobs.GetJobInfo() {
		if job.GetJobName() == name {
			_, _ = client.Cancel(ctx, &jobpb.CancelJobRequest{JobId: job.GetJobId()})
		}
	}
}
