// Package dense finds texts that say nearly the same in another order or with
// other words between, which share no shingles: by vectors, clusters of vectors
// and cosines within a cluster, as SemDeDup does (Abbas et al., 2023). Baichuan 2
// deduplicates with features of both kinds.
//
// # Vectors
//
// A vector counts n-grams of units (words of the simplified text, or Han and Kana
// characters; see package dedup), each weighted by 1 + ln(count) and projected to
// Dim components by sparse random signs: four components per n-gram, chosen and
// signed by its hash (Achlioptas 2003; Li, Hastie and Church 2006). Cosines are
// those of the counts, with a standard error of about (1-cosine²)/√Dim. Sums are
// of whole numbers, so the bits depend on the text alone. Words that every text
// has point every vector the same way; training takes that mean off, which does
// for them what document frequencies would.
//
// These are vectors of vocabulary, not of meaning: texts in another language, or
// a paraphrase in other words throughout, are far apart; a text with its sentences
// or words shuffled is the same text. Tables and templates filled in differently
// are close.
//
// # Steps
//
// Each is a pure function, made for a stage of its own:
//
//	map     Embedder.Embed(text)         -> vector
//	single  Train(sample of vectors)     -> Model: mean and centroids
//	map     Model.Assign(vector)         -> vector less the mean, for one to four clusters
//	reduce  Within(members of a cluster) -> likest better text of each, edges to copies
//	single  Copies(edges)                -> who goes, and for whom
//
// Training is spherical k-means (Dhillon and Modha, 2001) with k-means++ seeding
// and gives the same bits for any number of workers: points are assigned apart
// from each other, and a centroid sums its points in their order. A text near the
// border of its cluster is also compared in the neighbouring ones (Margin), since
// a border parts up to one copy in five from its original. Better means of higher
// quality, or of a lower number among equals. Whoever goes is a copy of one that
// stays: likeness does not chain.
//
// The work within a cluster grows with the square of its members: 1000 documents
// a cluster, as by default, are 64 million multiplications.
package dense
