package ffmpeg

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// run makes files with ffmpeg.
func run(t testing.TB, args ...string) {
	t.Helper()
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command("ffmpeg", append([]string{"-nostdin", "-v", "error", "-y"}, args...)...).CombinedOutput()
	require.NoError(t, err, string(out))
}

// uses does all that the package does with a file.
func uses(path string) map[string]error {
	ctx := context.Background()
	frame := func(write func([]byte) error) error { return write(make([]byte, 16*16*3)) }
	opt := Options{Width: 8, Height: 6, Channels: 3, Limit: time.Minute}
	_, probed := Probe(ctx, path, time.Minute)
	return map[string]error{
		"decode": Decode(ctx, path, opt, func([]byte) error { return nil }),
		"probe":  probed,
		"encode": Encode(ctx, filepath.Join(filepath.Dir(path), "out.mkv"), Info{Width: 16, Height: 16, Rate: "25/1"}, path, frame),
	}
}

// A file that names others shows none of them, whatever it is called, and reaches no
// address.
func TestFilesThatNameOthers(t *testing.T) {
	dir := t.TempDir()
	ts, mp4 := filepath.Join(dir, "secret.ts"), filepath.Join(dir, "secret.mp4")
	run(t, "-f", "lavfi", "-i", "testsrc2=rate=25:size=64x48", "-frames:v", "3", ts, "-frames:v", "3", mp4)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	reached := make(chan struct{})
	go func() {
		if c, err := listener.Accept(); err == nil {
			c.Close()
			close(reached)
		}
	}()
	far := "http://" + listener.Addr().String() + "/x"
	hls := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\n%s\n#EXT-X-ENDLIST\n"
	dash := `<?xml version="1.0"?>` + "\n" + `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT1S" minBufferTime="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1" width="64" height="48"><BaseURL>%s</BaseURL></Representation></AdaptationSet></Period></MPD>` + "\n"
	concat := "ffconcat version 1.0\nfile '%s'\n"
	sdp := "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n"
	svg := `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="64" height="48"><image xlink:href="%s" width="64" height="48"/></svg>`
	format := func(name string) string {
		return ": its content has the format " + name + "; want one of mov, matroska, avi,"
	}
	for name, c := range map[string]struct{ content, said string }{
		"hls.mp4": {fmt.Sprintf(hls, ts), format("hls")}, "hls-far.mp4": {fmt.Sprintf(hls, far+".ts"), format("hls")},
		"dash.mp4": {fmt.Sprintf(dash, mp4), format("dash")}, "dash-far.mov": {fmt.Sprintf(dash, far+".mp4"), format("dash")},
		"concat.avi": {fmt.Sprintf(concat, "secret.mp4"), format("concat")}, "concat-far.avi": {fmt.Sprintf(concat, far+".mp4"), format("concat")},
		"session.mkv": {sdp, format("sdp")}, "drawing.gif": {fmt.Sprintf(svg, far+".png"), "exit status"},
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(c.content), 0o600))
		_, err := decode(path, Options{Width: 8, Height: 6, Channels: 3, Limit: time.Minute})
		require.ErrorContains(t, err, c.said, name)
	}
	for use, err := range uses(filepath.Join(dir, "hls.mp4")) {
		require.ErrorContains(t, err, "has the format hls", use)
	}
	// Names that ffmpeg has another meaning for.
	t.Chdir(dir)
	for _, name := range []string{"concat:secret.ts|secret.ts", "data:video/mp4;base64,AAAA", "pipe:0", far, "secret%d.ts"} {
		_, err := decode(name, Options{Width: 8, Height: 6, Channels: 3, Limit: time.Minute})
		require.ErrorContains(t, err, "No such file", name)
	}
	require.NoError(t, listener.Close())
	select {
	case <-reached:
		t.Fatal("the address was reached")
	default:
	}
}

// Every run of a program has the two lists before each thing it reads.
func TestEveryRunIsGuarded(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the programs of the test are shell scripts")
	}
	bin := t.TempDir()
	log, clip := filepath.Join(bin, "log"), filepath.Join(bin, "clip.mp4")
	require.NoError(t, os.WriteFile(clip, nil, 0o600))
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		script := "#!/bin/sh\nfor a in " + program + ` "$@"; do printf '%s\t' "$a"; done >> "$LOG"; echo >> "$LOG"` + "\nprintf 'YUV4MPEG2 W4 H4 F25:1 Ip A1:1 C\\n'\n"
		require.NoError(t, os.WriteFile(filepath.Join(bin, program), []byte(script), 0o700))
	}
	t.Setenv("LOG", log)
	t.Setenv("PATH", bin)
	uses(clip)
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	programs := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(data)), "\n") {
		args := strings.Split(line, "\t")
		programs[args[0]]++
		inputs := 0
		for k, a := range args {
			if a != "-i" {
				continue
			}
			inputs++
			want := containers
			if args[k+1] == "pipe:0" {
				want = "rawvideo"
			} else {
				require.Equal(t, "file:"+clip, args[k+1])
			}
			require.Equal(t, []string{"-protocol_whitelist", "file,pipe", "-format_whitelist", want}, args[k-4:k], line)
		}
		require.Positive(t, inputs, line)
	}
	require.Equal(t, map[string]int{"ffmpeg": 3, "ffprobe": 1}, programs)
}

// What would block, or never end, is not opened.
func TestNotRegular(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("there are no such files")
	}
	if _, err := Find(); err != nil {
		t.Skip(err)
	}
	fifo := filepath.Join(t.TempDir(), "clip.mp4")
	require.NoError(t, exec.Command("mkfifo", fifo).Run())
	for use, err := range uses(fifo) {
		require.ErrorContains(t, err, "not a regular file, want a video", use)
	}
}

// coverFirst moves the cover picture of an mp4 file before the film, where some cameras
// have it. The picture is in the box udta of moov, which is the last one.
func coverFirst(t *testing.T, path string) {
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	at := bytes.LastIndex(data, []byte("moov")) + 4
	var boxes [][]byte
	for rest := data[at:]; len(rest) > 0; {
		size := binary.BigEndian.Uint32(rest)
		boxes, rest = append(boxes, rest[:size]), rest[size:]
	}
	last := len(boxes) - 1
	require.Equal(t, "udta", string(boxes[last][4:8]))
	moved := slices.Concat(boxes[0], boxes[last], slices.Concat(boxes[1:last]...))
	require.NoError(t, os.WriteFile(path, append(data[:at:at], moved...), 0o600))
}

// A cover picture is not a film, wherever it stands, and a song with one is not a clip.
func TestCover(t *testing.T) {
	dir := t.TempDir()
	plain, covered, song := filepath.Join(dir, "plain.mp4"), filepath.Join(dir, "covered.mp4"), filepath.Join(dir, "song.mp4")
	cover := []string{"-f", "lavfi", "-i", "color=red:size=32x32:rate=1:duration=1"}
	run(t, "-f", "lavfi", "-i", "testsrc2=rate=10:size=64x48", "-frames:v", "7", plain)
	run(t, append(cover, "-i", plain, "-map", "1", "-map", "0", "-c:v:0", "copy", "-c:v:1", "png", "-frames:v:1", "1", "-disposition:v:1", "attached_pic", covered)...)
	run(t, append(cover, "-f", "lavfi", "-i", "sine=d=1", "-map", "1", "-map", "0", "-c:v", "png", "-frames:v", "1", "-disposition:v", "attached_pic", song)...)
	coverFirst(t, covered)
	opt := Options{Width: 16, Height: 12, Channels: 3}
	want, err := decode(plain, opt)
	require.NoError(t, err)
	got, err := decode(covered, opt)
	require.NoError(t, err)
	require.Equal(t, 7*opt.Size(), len(got))
	require.True(t, bytes.Equal(want, got))
	info, err := Probe(context.Background(), covered, time.Minute)
	require.NoError(t, err)
	require.Equal(t, Info{Width: 64, Height: 48, Rate: "10/1", Aspect: "1:1"}, info)

	_, err = decode(song, opt)
	require.ErrorContains(t, err, "it has no video, which a cover picture is not")
	_, err = Probe(context.Background(), song, time.Minute)
	require.ErrorContains(t, err, "it has no video, which a cover picture is not")
}

// What cannot be seen is black, and what is half transparent is half as light, however
// a file stores it.
func TestTransparent(t *testing.T) {
	dir := t.TempDir()
	// Three bands of red, or of white in a file of greys.
	bands := "color=%s:size=48x24:rate=10:duration=0.2,format=rgba,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)':a='if(lt(X,16),0,if(lt(X,32),128,255))'"
	palette := "split[x][y];[x]palettegen=reserve_transparent=1[p];[y][p]paletteuse=alpha_threshold=1"
	const opaque = 255
	making := []string{"-f", "lavfi", "-i", fmt.Sprintf(bands, "red"), "-f", "lavfi", "-i", fmt.Sprintf(bands, "white")}
	all := []struct {
		name, from string
		half       int // of the middle band
		args       []string
	}{
		{"argb.mov", "0", 128, []string{"-c:v", "qtrle"}},
		{"rgba.mov", "0", 128, []string{"-c:v", "png", "-pix_fmt", "rgba"}},
		{"deep.mov", "0", 128, []string{"-c:v", "png", "-pix_fmt", "rgba64be"}},
		{"prores.mov", "0", 128, []string{"-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le"}},
		{"yuva.mkv", "0", 128, []string{"-c:v", "ffv1", "-pix_fmt", "yuva420p"}},
		{"planes.avi", "0", 128, []string{"-c:v", "utvideo", "-pix_fmt", "gbrap"}},
		{"grey.mov", "1", 128, []string{"-c:v", "png", "-pix_fmt", "ya8"}},
		{"two.gif", "0", opaque, []string{"-vf", palette}}, // which has nothing in between
	}
	for _, c := range all {
		making = append(append(append(making, "-map", c.from), c.args...), filepath.Join(dir, c.name))
	}
	run(t, making...)
	for _, c := range all {
		opt := Options{Width: 12, Height: 6, Channels: 3}
		pix, err := decode(filepath.Join(dir, c.name), opt)
		require.NoError(t, err)
		require.Len(t, pix, 2*opt.Size())
		row := pix[opt.Size()+opt.Width*3:] // of the second frame
		for column, want := range map[int]int{0: 0, 5: c.half, 11: opaque} {
			require.InDelta(t, want, row[3*column], 4, "%s, column %d", c.name, column)
		}
	}
	// A grey reader has the same ground.
	pix, err := decode(filepath.Join(dir, "argb.mov"), Options{Width: 48, Height: 24, Channels: 1})
	require.NoError(t, err)
	require.Zero(t, pix[0])
	require.InDelta(t, 76, pix[47], 2)
}

// Without ffprobe the rate is what ffmpeg takes it to be.
func TestProbeWithoutFFprobe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links take a privilege there")
	}
	program, err := Find()
	if err != nil {
		t.Skip(err)
	}
	dir, bin := t.TempDir(), t.TempDir()
	for rate, name := range map[string]string{"10/1": "ten.mp4", "30000/1001": "ntsc.mkv", "25/2": "half.avi"} {
		run(t, "-f", "lavfi", "-i", "testsrc2=size=64x48:rate="+rate, "-vf", "setsar=4/3", "-frames:v", "20", filepath.Join(dir, name))
	}
	require.NoError(t, os.Symlink(program, filepath.Join(bin, "ffmpeg")))
	for _, path := range []string{os.Getenv("PATH"), bin} {
		t.Setenv("PATH", path)
		for rate, name := range map[string]string{"10/1": "ten.mp4", "30000/1001": "ntsc.mkv", "25/2": "half.avi"} {
			info, err := Probe(context.Background(), filepath.Join(dir, name), time.Minute)
			require.NoError(t, err)
			require.Equal(t, Info{Width: 64, Height: 48, Rate: rate, Aspect: "4:3"}, info, name)
		}
	}
}
