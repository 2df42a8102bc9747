package ffmpeg

import (
	"bytes"
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/regular"
)

const (
	// containers are the formats that a file may have, whatever its name ends like, as
	// ffmpeg calls them: those of the endings of videos, and bare streams. Each is
	// complete in itself. Of others, such as playlists, ffmpeg would open the files and
	// addresses that they name.
	containers = "mov,matroska,avi,mpeg,mpegvideo,mpegts,m4v,h264,hevc,asf,flv,ogg,gif"

	// protocols are the ways in which a program may open what it reads.
	protocols = "file,pipe"

	// film is the first stream of frames in a file. Other than 0:v:0 it is never the
	// cover picture that songs have, and videos of some cameras.
	film = "V:0"
)

// input is something that a program reads.
type input struct {
	options []string // that say how
	formats string   // that it may have
	url     string
}

// fileInput is a video file. It returns an error when there is no such file, or when
// it is a pipe or a device.
func fileInput(path string, options ...string) (input, error) {
	if _, err := regular.Check(path); errors.Is(err, regular.ErrNot) {
		return input{}, errors.Errorf("%v, want a video", err)
	} // what else is wrong with it, the program says
	path, err := filepath.Abs(path)
	// The prefix keeps a name such as -i or http:x.avi from being anything but a file.
	return input{options, containers, "file:" + path}, err
}

// command prepares a run of ffmpeg or ffprobe, which ctx ends. Programs are started by
// nothing else, so that none reads anything without the two lists above. Args follow
// the inputs. What the program says is in the words.
func command(ctx context.Context, program string, inputs []input, args ...string) (*exec.Cmd, *words, error) {
	path, err := find(program)
	if err != nil {
		return nil, nil, err
	}
	all := []string{"-v", "error"}
	for _, in := range inputs {
		all = append(all, in.options...)
		all = append(all, "-protocol_whitelist", protocols, "-format_whitelist", in.formats, "-i", in.url)
	}
	cmd := exec.CommandContext(ctx, path, append(all, args...)...)
	detach(cmd)
	said := &words{about: inputs[0].url}
	cmd.Stderr = said
	return cmd, said, nil
}

// words keeps the beginning of what a program says about a file.
type words struct {
	kept  bytes.Buffer
	about string
}

func (w *words) Write(p []byte) (int, error) {
	const most = 4096
	w.kept.Write(p[:min(len(p), max(0, most-w.kept.Len()))])
	return len(p), nil
}

var (
	// address is what ffmpeg puts before words of a part of it, another one each time.
	address = regexp.MustCompile(`^\[[^]]* @ 0x[0-9a-f]+\] `)
	refused = regexp.MustCompile(`^\[([^]]*) @ 0x[0-9a-f]+\] Format not on whitelist`)
)

// String is the first line, for the end of a message.
func (w *words) String() string {
	// The name is in the caller's message, and may have several lines.
	line, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(w.kept.String()), w.about+": "), "\n")
	if format := refused.FindStringSubmatch(line); format != nil {
		return ": its content has the format " + format[1] + "; want one of " + strings.ReplaceAll(containers, ",", ", ")
	}
	if strings.Contains(line, "matches no streams") {
		return ": it has no video, which a cover picture is not"
	}
	if line = address.ReplaceAllString(line, ""); line == "" {
		return ""
	}
	return ": " + line
}
