// Package runs puts a training run together: it opens the data, the model and
// the device, hands them to the trainer, and shows on the screen, in the log
// files and in a summary what happens.
//
// It owns no computation: each line here calls the package that does the work.
package runs
