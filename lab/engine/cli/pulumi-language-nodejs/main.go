// Stands in for Pulumi's Node.js language host, of which Go's module proxy has only old versions: it
// tells the engine which packages a program uses, and runs the program. As far as this project needs it.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// Exit code of a program that has told the user itself what is wrong.
const bailed = 32

func main() {
	// the engine's address is the only argument that is not an option
	engine := os.Args[len(os.Args)-1]
	ctx, cancel := context.WithCancel(context.Background())
	if err := rpcutil.Healthcheck(ctx, engine, 5*time.Minute, cancel); err != nil {
		fail(err)
	}
	stop := make(chan bool)
	go func() {
		<-ctx.Done()
		close(stop)
	}()
	handle, err := rpcutil.ServeWithOptions(rpcutil.ServeOptions{
		Cancel: stop,
		Init: func(server *grpc.Server) error {
			pulumirpc.RegisterLanguageRuntimeServer(server, &host{engine: engine})
			return nil
		},
	})
	if err != nil {
		fail(err)
	}
	fmt.Println(handle.Port)
	if err := <-handle.Done; err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

type host struct {
	pulumirpc.UnimplementedLanguageRuntimeServer
	engine string
}

func (*host) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: version.Version}, nil
}

// Every package below node_modules that says that it has a plugin, imported or not, as the official one has it.
func (*host) GetRequiredPackages(
	_ context.Context, request *pulumirpc.GetRequiredPackagesRequest,
) (*pulumirpc.GetRequiredPackagesResponse, error) {
	var found []*pulumirpc.PackageDependency
	walk(filepath.Join(request.Info.ProgramDirectory, "node_modules"), func(file string) {
		var about struct {
			Version string
			Pulumi  struct {
				Resource bool
				Name     string
			}
		}
		text, err := os.ReadFile(file)
		if err != nil || json.Unmarshal(text, &about) != nil || !about.Pulumi.Resource {
			return
		}
		found = append(found, &pulumirpc.PackageDependency{
			Name:    about.Pulumi.Name,
			Kind:    "resource",
			Version: "v" + strings.TrimPrefix(about.Version, "v"),
		})
	})
	return &pulumirpc.GetRequiredPackagesResponse{Packages: found}, nil
}

// Calls visit for the package.json of every package in a node_modules directory and of those that they bring along.
func walk(modules string, visit func(file string)) {
	entries, err := os.ReadDir(modules)
	if err != nil {
		return
	}
	for _, entry := range entries {
		path := filepath.Join(modules, entry.Name())
		if strings.HasPrefix(entry.Name(), "@") {
			walk(path, visit)
			continue
		}
		visit(filepath.Join(path, "package.json"))
		walk(filepath.Join(path, "node_modules"), visit)
	}
}

func (h *host) Run(ctx context.Context, request *pulumirpc.RunRequest) (*pulumirpc.RunResponse, error) {
	launcher, err := findLauncher(request.Info.ProgramDirectory)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	values, err := configuration(request)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	arguments := []string{launcher}
	for _, option := range [][2]string{
		{"monitor", request.MonitorAddress},
		{"engine", h.engine},
		{"organization", request.Organization},
		{"project", request.Project},
		{"stack", request.Stack},
		{"pwd", request.Pwd},
		{"parallel", strconv.Itoa(int(request.Parallel))},
	} {
		if option[1] != "" {
			arguments = append(arguments, "--"+option[0], option[1])
		}
	}
	if request.DryRun {
		arguments = append(arguments, "--dry-run")
	}
	program := exec.CommandContext(ctx, "node", append(append(arguments, request.Info.EntryPoint), request.Args...)...)
	program.Stdout = os.Stdout
	program.Stderr = os.Stderr
	program.Env = append(os.Environ(), values...)
	// typescript: false in Pulumi.yaml says that the program is JavaScript
	if typescript, set := request.Info.Options.GetFields()["typescript"]; !set || typescript.GetBoolValue() {
		program.Env = append(program.Env, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	err = program.Run()
	if err == nil {
		return &pulumirpc.RunResponse{}, nil
	}
	if program.ProcessState != nil && program.ProcessState.ExitCode() == bailed {
		return &pulumirpc.RunResponse{Bail: true}, nil
	}
	return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with: %v", err)}, nil
}

// Where the SDK of the program has what runs programs.
func findLauncher(directory string) (string, error) {
	for {
		launcher := filepath.Join(directory, "node_modules", "@pulumi", "pulumi", "cmd", "run")
		if _, err := os.Stat(launcher); err == nil {
			return launcher, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", fmt.Errorf("@pulumi/pulumi is not installed: npm ci")
		}
		directory = parent
	}
}

// The configuration as environment variables; the SDK expects its keys in their old form.
func configuration(request *pulumirpc.RunRequest) ([]string, error) {
	values := map[string]string{}
	for key, value := range request.Config {
		namespace, name, _ := strings.Cut(key, ":")
		values[namespace+":config:"+name] = value
	}
	config, err := json.Marshal(values)
	if err != nil {
		return nil, err
	}
	secrets, err := json.Marshal(append([]string{}, request.ConfigSecretKeys...))
	if err != nil {
		return nil, err
	}
	return []string{"PULUMI_CONFIG=" + string(config), "PULUMI_CONFIG_SECRET_KEYS=" + string(secrets)}, nil
}
