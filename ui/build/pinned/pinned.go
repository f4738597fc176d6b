// Package pinned brings the npm packages that generated files of ui are made of.
// It is used by generators only, never by the server.
package pinned

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Fetch has npm download into dir what build/package.json below the working
// directory names, and prove by build/package-lock.json that it is the pinned one.
func Fetch(dir string) error {
	for _, file := range []string{"package.json", "package-lock.json"} {
		body, err := os.ReadFile(filepath.Join("build", file))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), body, 0o644); err != nil {
			return err
		}
	}
	npm := exec.Command("npm", "ci", "--silent", "--ignore-scripts")
	npm.Dir, npm.Stderr = dir, os.Stderr
	if err := npm.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}
