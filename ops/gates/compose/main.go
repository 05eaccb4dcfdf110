// Loads a compose file as Docker Compose does and checks what Cortex promises of it: every image pinned, every port
// on the loopback interface, a health check wherever somebody waits for health.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

func main() {
	if len(os.Args) != 2 {
		fail([]string{"usage: compose FILE"})
	}
	project, err := load(os.Args[1])
	if err != nil {
		fail([]string{err.Error()})
	}
	if wrong := broken(project); len(wrong) > 0 {
		fail(wrong)
	}
	fmt.Printf("%d services, %d volumes\n", len(project.Services), len(project.Volumes))
}

func load(file string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithName("cortex"), cli.WithProfiles([]string{"*"}), cli.WithResolvedPaths(true))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(context.Background())
}

func broken(project *types.Project) []string {
	var wrong []string
	for name, service := range project.Services {
		if service.Build == nil && !pinned(service.Image) {
			wrong = append(wrong, fmt.Sprintf("%s: image %q names no version", name, service.Image))
		}
		for _, port := range service.Ports {
			if port.HostIP != "127.0.0.1" {
				wrong = append(wrong, fmt.Sprintf("%s: port %s is published beyond 127.0.0.1", name, port.Published))
			}
		}
		for _, volume := range service.Volumes {
			if volume.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(volume.Source); err != nil {
				wrong = append(wrong, fmt.Sprintf("%s: %s is mounted, but it is not there", name, volume.Source))
			}
		}
		for other, dependency := range service.DependsOn {
			if dependency.Condition == types.ServiceConditionHealthy && project.Services[other].HealthCheck == nil {
				wrong = append(wrong, fmt.Sprintf("%s waits for %s to be healthy, which has no health check", name, other))
			}
		}
	}
	return wrong
}

func pinned(image string) bool {
	_, tag, found := strings.Cut(image[strings.LastIndex(image, "/")+1:], ":")
	return found && tag != "latest"
}

func fail(lines []string) {
	fmt.Fprintln(os.Stderr, strings.Join(lines, "\n"))
	os.Exit(1)
}
