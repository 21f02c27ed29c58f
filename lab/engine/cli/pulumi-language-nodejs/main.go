// The lab's Node.js language host: the engine asks it which plugins a program needs, and has it run the
// program. Of the official one, Go's module proxy has no current version; where it cannot be downloaded, this one
// is used.
//
// Of runtime.options in Pulumi.yaml it honours typescript, tsconfig and nodeargs; packagemanager and production
// concern installing only. The engine itself turns `main` into a program directory and an entry point.
//
// What the official language host does and this one does not:
//   - install dependencies, create projects, and generate or pack code (pulumi install, new, package, convert);
//   - say which Node.js and which npm packages are in use (pulumi about);
//   - run plugins and policy packs that are written for Node.js;
//   - use Bun, start a debugger, write traces, or let the engine attach to a host that runs already;
//   - find plugins for packages below folders of the program other than node_modules, packages with a download
//     server of their own, and parameterized packages;
//   - let the program end by itself when the user cancels: here it is killed;
//   - serve the SDK's synchronous calls (--sync), warn about several versions of the SDK, or explain that Node.js ran
//     out of memory.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/google/shlex"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	"github.com/pulumi/pulumi/sdk/v3/go/common/version"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

// The SDK's exit code for a program that has already told the user what is wrong.
const alreadyReported = 32

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

// Every package below node_modules that has a plugin, whether the program imports it or not.
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
	program, err := h.command(ctx, request)
	if err != nil {
		return &pulumirpc.RunResponse{Error: err.Error()}, nil
	}
	err = program.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return &pulumirpc.RunResponse{}, nil
	case errors.As(err, &exit) && exit.ExitCode() == alreadyReported:
		return &pulumirpc.RunResponse{Bail: true}, nil
	case errors.As(err, &exit):
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program ended with: %v", err)}, nil
	default:
		return &pulumirpc.RunResponse{Error: fmt.Sprintf("the program could not be started: %v", err)}, nil
	}
}

// The command that runs the program: node with its own arguments, the SDK's launcher with its options, the program.
func (h *host) command(ctx context.Context, request *pulumirpc.RunRequest) (*exec.Cmd, error) {
	options, err := readOptions(request.Info)
	if err != nil {
		return nil, err
	}
	launcher, err := findLauncher(request.Info.ProgramDirectory)
	if err != nil {
		return nil, err
	}
	environment, err := configuration(request)
	if err != nil {
		return nil, err
	}
	arguments := append(options.nodeArguments, launcher)
	for _, option := range [][2]string{
		{"monitor", request.MonitorAddress},
		{"engine", h.engine},
		{"organization", request.Organization},
		{"project", request.Project},
		{"root-directory", request.Info.RootDirectory},
		{"stack", request.Stack},
		{"pwd", request.Info.ProgramDirectory},
		{"parallel", strconv.Itoa(int(request.Parallel))},
	} {
		if option[1] != "" {
			arguments = append(arguments, "--"+option[0], option[1])
		}
	}
	if request.DryRun {
		arguments = append(arguments, "--dry-run")
	}
	arguments = append(append(arguments, request.Info.EntryPoint), request.Args...)
	program := exec.CommandContext(ctx, "node", arguments...)
	program.Stdout = os.Stdout
	program.Stderr = os.Stderr
	program.Env = append(append(os.Environ(), environment...), options.environment...)
	return program, nil
}

// What runtime.options in Pulumi.yaml say about running a program.
type options struct {
	nodeArguments []string
	environment   []string
}

func readOptions(program *pulumirpc.ProgramInfo) (options, error) {
	given := struct {
		TypeScript bool
		TSConfig   string
		NodeArgs   string
	}{TypeScript: true}
	text, err := program.Options.MarshalJSON()
	if err == nil {
		err = json.Unmarshal(text, &given)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		name := strings.ToLower(wrong.Field)
		return options{}, fmt.Errorf("runtime.options.%s in Pulumi.yaml is a %s, it must be a %s", name, wrong.Value, wrong.Type)
	}
	if err != nil {
		return options{}, fmt.Errorf("runtime.options in Pulumi.yaml: %w", err)
	}
	nodeArguments, err := shlex.Split(given.NodeArgs)
	if err != nil {
		return options{}, fmt.Errorf("runtime.options.nodeargs in Pulumi.yaml, %q: %w", given.NodeArgs, err)
	}
	var environment []string
	if given.TypeScript {
		environment = append(environment, "PULUMI_NODEJS_TYPESCRIPT=true")
	}
	if given.TSConfig != "" {
		environment = append(environment, "PULUMI_NODEJS_TSCONFIG_PATH="+given.TSConfig)
	}
	return options{nodeArguments, environment}, nil
}

// Where the program's SDK has the script that runs programs.
func findLauncher(directory string) (string, error) {
	for {
		launcher := filepath.Join(directory, "node_modules", "@pulumi", "pulumi", "cmd", "run")
		if _, err := os.Stat(launcher); err == nil {
			return launcher, nil
		}
		parent := filepath.Dir(directory)
		if parent == directory {
			return "", errors.New("@pulumi/pulumi is not installed: npm ci")
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
