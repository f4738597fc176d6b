// Package volatile owns what must survive kill -9 and must never reach a disk:
// the journal of hits since the last checkpoint, the checkpoint of the live
// days, and the salts. All three are files in one directory on a memory file
// system, so that they live as long as the machine does and no longer.
//
// It knows records, sections and salts as bytes. It must never see HTTP, an
// address, a user agent or bbolt, and it logs none of what it holds.
//
// # What makes a directory fit
//
//  1. Its file system is tmpfs or ramfs, by the magic number of the open
//     directory, not by its path. Everything else is ErrNotMemory.
//  2. It is a real directory, mine, with mode 0700, and so are the files in it
//     (0600, one link). /dev/shm is writable by everyone: a name that somebody
//     else has taken first, or a symbolic link, is ErrNotOurs.
//  3. Its pages cannot reach a disk: there is no disk swap, or the file system is
//     ramfs, or tmpfs mounted with noswap, or the files are locked in memory.
//     Otherwise it is ErrSwappable. The pages of salts are locked in any case.
//  4. Nobody else has it open (flock); otherwise it is ErrLocked.
//
// # Caveats
//
// A lock ends with the process that holds it. Between a kill -9 and the next
// start the files are ordinary tmpfs pages, which a kernel under pressure may
// move to a disk swap; the same is true of hibernation at any time, and of a swap
// that is switched on after Open. Only ramfs or noswap (Linux 6.4) close these
// gaps.
//
// A process in the same uid can read and change the files. What it changes is
// found by checksums, not by signatures.
package volatile
