// Package workspace is a Slack-compatible workspace on one port.
//
// An app talks to it as to Slack: the Web API below api/, Socket Mode or
// signed HTTP for commands, interactions and events, response URLs and files,
// with Slack's own error codes, limits and refusals. A person uses it by a page
// in the browser, or by the JSON side that package workspace/person drives.
// It implements Slack and knows no app; its wire forms are its own.
//
// # The person's side
//
// Everything is JSON; ?as= names who acts, by user id or name.
//
//	GET  /person/users                         everybody
//	GET  /person/state?as=U                    all that U sees: person.State
//	GET  /person/state?as=U&after=SEQ&timeout=5s   the same, once something changed after SEQ
//	GET  /person/events?as=U&after=SEQ         changes as server-sent events
//	GET  /person/files/{id}?as=U               a file's bytes
//	POST /person/command  {channel, text, thread}        type a slash command; waits for the acknowledgement
//	POST /person/look     {channel, ts | view | home, label, action_id, block_id}   an element and its dialog
//	POST /person/press    the same, with {chosen, confirm}
//	POST /person/fill     {view, values}       fields by block_id, action_id or label
//	POST /person/submit   {view, values}       result: closed, cleared, updated, pushed or errors
//	POST /person/close    {view}
//	POST /person/home     {}                   opens the app's Home tab
//	POST /person/shortcut {callback_id, channel, ts}
//	POST /person/post     {channel, thread, text}
//	POST /person/edit     {channel, ts, text}
//	POST /person/delete   {channel, ts}
//	POST /person/react    {channel, ts, name, remove}
//	POST /person/pin      {channel, ts, remove}
//	POST /person/channel  {do, channel, name, users, private}; do: create, dm, join, leave, invite, kick,
//	                      archive, unarchive, rename, topic, delete
//
// A refusal is 409 with {"error": Slack's code, "say": what a person reads}.
//
// # Trouble on purpose
//
//	POST /admin/fault {kind, method, error, status, retry_after, delay, count}; see person.Fault
//	GET  /admin/fault · POST /admin/clear {id} · POST /admin/disconnect {reason, cut}
//	POST /admin/clock {advance} · POST /admin/retry {} · POST /admin/replay {seq} · POST /admin/user {user, deactivated}
//	GET  /admin/calls?method= · GET /admin/deliveries
//
// The page, the person's and the admin's side have no password: they listen on
// loopback unless told otherwise, and requests of other web sites are refused.
package workspace
