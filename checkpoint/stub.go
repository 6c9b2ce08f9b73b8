package checkpoint
import "context"
func OpenVerifiedModel(ctx context.Context, dir string) (*Model, error) { return OpenModel(dir) }
func (m *Model) Fingerprint(ctx context.Context) (string, error) { return "x", nil }
