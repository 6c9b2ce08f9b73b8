package memlimit
type Info struct{ Total, Available int64; Source string }
func Limit() (Info, error) { return Info{}, nil }
