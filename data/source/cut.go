package source

// Cut divides large files into parts that can be read side by side: plain JSON
// Lines files into ranges of bytes, Parquet files into ranges that row groups
// fall into by their first byte. Parts have about target bytes. Other files stay
// whole: text because its documents depend on those before, compressed files
// because they can only be read from the beginning.
//
// A record belongs to the part its first byte is in, so the documents of all
// parts, in order, are those of the file, with the same identities and offsets.
// A part can be empty.
func Cut(files []File, target int64) []File {
	var out []File
	for _, f := range files {
		_, _, compression := splitName(f.Path)
		divisible := f.Format == FormatParquet || f.Format == FormatJSONL && compression == ""
		if !divisible || f.Length > 0 || target <= 0 || f.Size <= target {
			out = append(out, f)
			continue
		}
		n := (f.Size + target - 1) / target
		for i := range n {
			part := f
			part.Offset = mulDiv(f.Size, i, n)
			part.Length = mulDiv(f.Size, i+1, n) - part.Offset
			part.Size = part.Length
			out = append(out, part)
		}
	}
	return out
}

// mulDiv is size*i/n, for sizes of files and i <= n, without running over.
func mulDiv(size, i, n int64) int64 { return size/n*i + size%n*i/n }
