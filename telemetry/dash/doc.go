// Package dash shows training runs in a browser while they train and afterwards:
// one page, the numbers behind it as JSON, a stream of what is new, and the last
// values for Prometheus.
//
// It owns how runs look on that page. It knows runs by two files of their folders,
// and nothing of the processes that write them, so that a run which goes on, one that
// ended and one that was killed are shown by the same code:
//
//   - trainer_log.jsonl: what package telemetry's JSONL sink wrote, one object per
//     step. The file is followed as it grows. A log that was cut back and written
//     again, as a resumed run does it, is read again; a last line without an end is
//     left for later; the words "NaN", "+Inf" and "-Inf" are the numbers.
//   - run.json: what the run says about itself (format huihai-run-1). A run that says
//     it is running, and whose lock and process are gone, is shown as lost.
//
// Nothing in a run folder is ever written. A handler never waits for a file, and no
// file that is absent, damaged or too large ends the server.
//
// # Addresses
//
//	GET /                     the page, with everything it needs in it
//	GET /api/runs             JSON: the runs, their state, panel and last values
//	GET /api/series           JSON: curves of a run, at most so many points each
//	GET /api/events           server-sent events: new points, changes of state
//	GET /metrics              Prometheus text format 0.0.4
//	GET /healthz              "ok"
//
// # Who may look
//
// On a loopback address anybody on this machine may, but only under a loopback name,
// so that no page of another site can reach the server by a name that it controls. On
// any other address every request needs the token: once in the page's address, which
// turns it into a cookie, or as a bearer token. The connection is not encrypted.
package dash
