//go:build unix

package ffmpeg

import (
	"os/exec"
	"syscall"
)

// detach keeps an interrupt at the terminal from the program: its end would look as
// if the file were damaged.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
