package video

import (
	"context"
	"io"
	"os"

	"github.com/pkg/errors"

	"github.com/tensorzoo/tensorzoo/internal/dims"
	"github.com/tensorzoo/tensorzoo/internal/ffmpeg"
	"github.com/tensorzoo/tensorzoo/internal/stills"
)

// each calls yield with every frame of a video file or of a folder of pictures.
func (d decoder) each(ctx context.Context, path string, yield func(frame []byte) error) error {
	if d.stream != nil {
		return eachRaw(ctx, d.stream, d.shape, d.bytes, yield)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	opt := ffmpeg.Options{Height: d.shape[0], Width: d.shape[1], Channels: d.shape[2], Limit: d.limit}
	if info.IsDir() {
		return stills.Decode(ctx, path, opt, yield)
	}
	return ffmpeg.Decode(ctx, path, opt, yield)
}

// eachRaw calls yield with every step of a stream, whose values have so many bytes
// each.
func eachRaw(ctx context.Context, from io.Reader, shape []int, bytes int, yield func(step []byte) error) error {
	raw := make([]byte, bytes*dims.Size(shape))
	for k := 0; ; k++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		switch n, err := io.ReadFull(from, raw); {
		case err == io.EOF:
			return nil
		case err == io.ErrUnexpectedEOF:
			return errors.Errorf("the input ends within step %d: %d of the %d bytes of %s are there", k, n, len(raw), dims.Dots(shape))
		case err != nil:
			return errors.Wrapf(err, "step %d", k)
		}
		if err := yield(raw); err != nil {
			return err
		}
	}
}
