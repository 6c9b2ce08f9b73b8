// Package html takes the text that a page is about out of its markup.
//
// A page is read in one pass by the tokenizer of golang.org/x/net/html into a
// flat list of elements and blocks of text (a tree would cost most of the time).
// Scripts, styles, forms' controls, navigation, asides, footers and hidden
// elements are left out by what they are; the rest is judged by blocks:
//
//   - a block is good when it is long, has sentences and few links;
//   - the article is the smallest element that holds most of the good text; a
//     page with an article or main element that holds enough is taken at its word;
//   - inside it, short blocks stay if good text is beside or around them, headings
//     if text follows; blocks made of links and blocks in elements of a named kind
//     (menu, share, related, comments ...) go. A name is known whole or by words
//     that stand for nothing else, and takes no good paragraph away;
//   - a short block whose wording is that of a label goes: facts about the page,
//     buttons, notices of rights; a label of other pages or of comments also takes
//     the box that it heads;
//   - the page's main heading stays wherever it stands before the text: the block
//     that says what the title element says, else the only h1;
//   - links are words like others in tables of data, in lists with text of their
//     own, in quotations and in whole sentences.
//
// A page of which nothing is left is read again without regard to names.
//
// A page without an article, such as a list or a forum, gives all its blocks
// that are no lists of links, if together they are text enough. The idea of link
// density and of judging short blocks by their neighbours is that of Kohlschütter
// et al., "Boilerplate Detection using Shallow Text Features" (WSDM 2010), and of
// jusText (Pomikálek 2011).
//
// Text comes out as paragraphs with an empty line between them; list items begin
// with "- ", the cells of a table row are joined by " | ", empty and spanned ones
// too, preformatted text keeps its lines and blanks, formulas are TeX between
// dollar signs. One Han character counts as three letters, since it says
// as much.
//
// The package knows nothing of encodings: it is given UTF-8. [Charset] only finds
// what a page declares.
package html
