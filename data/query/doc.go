// Package query answers questions about a data set from its documents table:
// totals by group ([Stats]), documents that hold a text ([Search]), all that is
// known of one document ([Explain]), and which documents stand in a row of training
// ([Rows], [Documents]). It reads the published Parquet files, only the columns a
// question needs, one file after the other in bounded memory.
package query
