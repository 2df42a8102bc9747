// Package clipcache keeps decoded clips on disk, so that a video is decoded once
// and not in every epoch.
//
// A clip is a file whose name is a checksum of what it was made of: path, size and time
// of the video, and how it was decoded. A change of any of them makes another file. Files
// appear whole, and what is read is checked, so that any number of processes may share a
// folder and be killed at any time.
package clipcache

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/durable"
)

// Names of clips, and of what is written before it has one.
var (
	ours = regexp.MustCompile(`^[0-9a-f]{32}\.clip$`)
	left = regexp.MustCompile(`^([0-9a-f]{32}|probe)-[0-9]+\.tmp$`)
)

// Cache is a folder of clips. It is safe for concurrent use.
type Cache struct {
	dir   string
	limit int64 // of bytes; 0 means none

	mu   sync.Mutex
	size int64 // of the folder, as far as this process knows
}

const (
	magic  = "tzclip1\n"
	header = len(magic) + 8 // and the number of frames, and a CRC-32 of the rest
)

// Open opens the cache in dir, for "" that of this user, which it makes if there is none.
// When the clips take more than limit bytes, the least recently used ones make room; 0
// means no limit. It returns an error when the folder cannot be written.
func Open(dir string, limit int64) (*Cache, error) {
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, errors.Wrap(err, "give a folder for the cache")
		}
		dir = filepath.Join(user, "tensorzoo", "clips")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, errors.Wrap(err, "cache")
	}
	probe, err := os.CreateTemp(dir, "probe-*.tmp")
	if err != nil {
		return nil, errors.Wrap(err, "cache")
	}
	probe.Close()
	os.Remove(probe.Name())
	c := &Cache{dir: dir, limit: limit}
	c.files()
	return c, nil
}

// Stamp returns a text that changes when a video does: it is made of size and time, and
// for a folder of frames of those of all that is in it.
func Stamp(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	stamp := fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
	if !info.IsDir() {
		return stamp, nil
	}
	all, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, e := range all {
		if info, err := e.Info(); err == nil {
			fmt.Fprintf(h, "%q %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return stamp + " " + hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// Key returns the name of a clip: of a video with its stamp, and how it is decoded.
func Key(path, stamp, how string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %s\n%s", path, stamp, how))
	return hex.EncodeToString(sum[:16]), nil
}

// Get returns the frames of a clip, one after the other; nil if they are not there. A
// clip that is damaged, or takes more than most bytes, is not there.
func (c *Cache) Get(key string, most int64) (frames []byte, count int) {
	path := c.path(key)
	data, err := durable.ReadFile(path, int64(header)+most)
	if err != nil || len(data) < header || string(data[:len(magic)]) != magic ||
		binary.LittleEndian.Uint32(data[len(magic)+4:]) != sum(data[len(magic):len(magic)+4], data[header:]) {
		return nil, 0
	}
	now := time.Now()
	os.Chtimes(path, now, now) // it was used; that this may fail costs a place in line at most
	return data[header:], int(binary.LittleEndian.Uint32(data[len(magic):]))
}

// Count returns the number of frames of a clip and the size of all of them as its header
// has them; 0 if it is not there. Unlike Get it doesn't notice damage.
func (c *Cache) Count(key string) (count int, size int64) {
	f, err := os.Open(c.path(key))
	if err != nil {
		return 0, 0
	}
	defer f.Close()
	head := make([]byte, header)
	info, err := f.Stat()
	if _, short := io.ReadFull(f, head); cmp.Or(err, short) != nil || string(head[:len(magic)]) != magic {
		return 0, 0
	}
	return int(binary.LittleEndian.Uint32(head[len(magic):])), info.Size() - int64(header)
}

// Put keeps the count frames of a clip.
func (c *Cache) Put(key string, frames []byte, count int) error {
	head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(count))
	head = binary.LittleEndian.AppendUint32(head, sum(head[len(magic):], frames))
	// A name of its own: another process may be writing the same clip.
	f, err := os.CreateTemp(c.dir, key+"-*.tmp")
	if err != nil {
		return errors.Wrap(err, "cache")
	}
	defer os.Remove(f.Name()) // which is nothing once it has its name
	_, err = io.Copy(f, io.MultiReader(bytes.NewReader(head), bytes.NewReader(frames)))
	if err = cmp.Or(err, f.Close()); err == nil {
		err = durable.Rename(f.Name(), c.path(key))
	}
	if err == nil {
		c.grow(int64(header + len(frames)))
	}
	return errors.Wrap(err, "cache")
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key+".clip") }

func sum(count, frames []byte) uint32 {
	return crc32.Update(crc32.ChecksumIEEE(count), crc32.IEEETable, frames)
}

// grow counts a new clip and makes room when there are too many.
func (c *Cache) grow(by int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.size += by
	if c.limit == 0 || c.size <= c.limit {
		return
	}
	// As it is now: other processes write and remove as well.
	all := c.files()
	slices.SortFunc(all, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	// A tenth more than needed, so that not every clip has to look.
	for _, f := range all {
		if c.size <= c.limit*9/10 {
			break
		}
		if err := os.Remove(filepath.Join(c.dir, f.Name())); err == nil || os.IsNotExist(err) {
			c.size -= f.Size()
		}
	}
}

// files lists the clips, adds their sizes up, and removes what killed processes left.
func (c *Cache) files() (all []fs.FileInfo) {
	c.size = 0
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		info, err := e.Info()
		switch { // the folder may hold what is not ours
		case err != nil || !info.Mode().IsRegular():
		case ours.MatchString(e.Name()):
			all, c.size = append(all, info), c.size+info.Size()
		case left.MatchString(e.Name()) && time.Since(info.ModTime()) > time.Hour:
			os.Remove(filepath.Join(c.dir, e.Name()))
		}
	}
	return all
}
