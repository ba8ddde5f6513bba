package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// maxLines is where a file is too long to be read in one sitting; a test, read
// case by case, may be longer.
const (
	maxLines     = 500
	maxTestLines = 800
)

// layer is a row of the table of who may import whom. The row with the longest
// folder that is a package's own, or above it, holds.
type layer struct {
	folder string
	own    []string // folders of this module that it may import, with those below
	never  []string // packages of others that it may not import, with those below
	std    bool     // the standard library alone
}

// layers is that table. Tests may import what they like.
func layers() []layer {
	storage := []string{"xorm.io", "database/sql", "modernc.org", "github.com/go-sql-driver", "github.com/aliyun"}
	return []layer{
		{folder: ".", own: []string{"."}},
		{folder: "model", std: true},
		{folder: "service", own: []string{"model", "service/db", "util"},
			never: []string{"net/http", "github.com/gorilla/websocket"}},
		{folder: "service/db", own: []string{"model", "util"}, never: []string{"net/http"}},
		{folder: "service/db/dbtest", own: []string{"service/db", "util"}},
		{folder: "service/hub", own: []string{"model", "util"}, never: append([]string{"net/http"}, storage...)},
		{folder: "service/cluster", own: []string{"util"}, never: append([]string{"net/http"}, storage...)},
		{folder: "service/notify", own: []string{"model", "util"}, never: storage},
		{folder: "service/blob", own: []string{"util"}, never: []string{"xorm.io", "database/sql"}},
		{folder: "ctrl", own: []string{"service", "model", "view", "asset", "util", "!service/db", "!service/cluster", "!service/blob", "!service/notify"},
			never: storage},
		{folder: "view", own: []string{"model", "asset"}, never: storage},
		{folder: "asset", own: []string{"model", "asset"}, never: storage},
		{folder: "client", own: []string{"model"}, never: storage},
		{folder: "client/bench", own: []string{"client", "model", "util"}, never: storage},
		{folder: "client/verify", own: []string{"client", "model", "util"}, never: storage},
		{folder: "util", never: storage},
	}
}

func TestArchitecture(t *testing.T) {
	faults, err := inspect(os.DirFS("."))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults {
		t.Error(f)
	}
}

// TestTheInspectionFindsFaults shows that a clean tree is not one that nobody
// looked at.
func TestTheInspectionFindsFaults(t *testing.T) {
	for name, c := range map[string]struct{ file, text, want string }{
		"model imports ours":       {"model/a.go", `import _ "hongyan/util/ids"`, "model may not import hongyan/util/ids"},
		"model imports others":     {"model/a.go", `import _ "xorm.io/xorm"`, "model may not import xorm.io/xorm"},
		"ctrl imports xorm":        {"ctrl/a.go", `import _ "xorm.io/builder"`, "ctrl may not import xorm.io/builder"},
		"ctrl imports db":          {"ctrl/a.go", `import _ "hongyan/service/db"`, "ctrl may not import hongyan/service/db"},
		"service imports net/http": {"service/a.go", `import _ "net/http"`, "service may not import net/http"},
		"service imports the hub":  {"service/a.go", `import _ "hongyan/service/hub"`, "service may not import hongyan/service/hub"},
		"hub imports db":           {"service/hub/a.go", `import _ "hongyan/service/db"`, "service/hub may not import hongyan/service/db"},
		"client imports service":   {"client/a.go", `import _ "hongyan/service"`, "client may not import hongyan/service"},
		"util imports model":       {"util/ids/a.go", `import _ "hongyan/model"`, "util/ids may not import hongyan/model"},
		"unknown folder":           {"common/a.go", ``, "common has no row"},
		"map":                      {"model/a.go", `var m = map[string]int{}`, "package-level m"},
		"typed map":                {"model/a.go", `var m map[string]int`, "package-level m"},
		"slice":                    {"model/a.go", `var s = []int{1}`, "package-level s"},
		"pointer":                  {"model/a.go", `var p = &T{}`, "package-level p"},
		"made":                     {"model/a.go", `var c = make(chan int)`, "package-level c"},
		"lock":                     {"model/a.go", `var mu sync.Mutex`, "package-level mu"},
		"init":                     {"model/a.go", `func init() {}`, "init function"},
		"fatal":                    {"model/a.go", `func f() { log.Fatal("x") }`, "log.Fatal"},
		"exit":                     {"service/a.go", `func f() { os.Exit(1) }`, "os.Exit"},
		"long file":                {"model/a.go", strings.Repeat("\n", maxLines), "lines"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := fstest.MapFS{c.file: {Data: []byte("package p\n" + c.text + "\n")}}
			faults, err := inspect(tree)
			if err != nil {
				t.Fatal(err)
			}
			if len(faults) != 1 || !strings.Contains(faults[0], c.want) {
				t.Errorf("found %q, want %q alone", faults, c.want)
			}
		})
	}
	clean := fstest.MapFS{"service/a.go": {Data: []byte("package p\nimport _ \"hongyan/service/db\"\nvar ErrX = errors.New(\"x\")\nvar _ I = (*T)(nil)\n")}}
	if faults, err := inspect(clean); err != nil || len(faults) > 0 {
		t.Errorf("a clean file has faults %q, %v", faults, err)
	}
}

// inspect reads every Go file of the module that is no test.
func inspect(tree fs.FS) ([]string, error) {
	var faults []string
	err := fs.WalkDir(tree, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "data" || isModule(tree, name)) {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		most := maxLines
		if strings.HasSuffix(name, "_test.go") {
			most = maxTestLines
		}
		if n := strings.Count(string(text), "\n"); n > most {
			faults = append(faults, fmt.Sprintf("%s: %d lines, more than %d", name, n, most))
		}
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(string(text), "//go:build ignore\n") || strings.HasPrefix(string(text), "//go:build mutants\n") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, fault := range append(imports(path.Dir(name), file), state(name, file)...) {
			faults = append(faults, name+": "+fault)
		}
		return nil
	})
	return faults, err
}

func isModule(tree fs.FS, folder string) bool {
	_, err := fs.Stat(tree, folder+"/go.mod")
	return err == nil
}

func under(folder, above string) bool {
	return above == "." || folder == above || strings.HasPrefix(folder, above+"/")
}

// imports holds the imports of a file against the row of its folder.
func imports(folder string, file *ast.File) []string {
	var row layer
	for _, l := range layers() {
		if under(folder, l.folder) && len(l.folder) >= len(row.folder) && (l.folder != "." || folder == ".") {
			row = l
		}
	}
	if row.folder == "" {
		return []string{folder + " has no row in the table of layers"}
	}
	var faults []string
	for _, spec := range file.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil || !allowed(row, name) {
			faults = append(faults, folder+" may not import "+name)
		}
	}
	return faults
}

func allowed(row layer, name string) bool {
	if target, own := strings.CutPrefix(name, "hongyan/"); own {
		// Longest first: "!service/db" takes back a part of "service".
		rules := slices.Clone(row.own)
		slices.SortFunc(rules, func(a, b string) int { return len(b) - len(a) })
		for _, rule := range rules {
			above, no := strings.CutPrefix(rule, "!")
			// "service" means the package and not the parts below it, which have
			// rows of their own; only the edge may have the hub as well.
			if rule == "service" && target != "service" && target != "service/hub" {
				continue
			}
			if under(target, above) {
				return !no
			}
		}
		return false
	}
	first, _, _ := strings.Cut(name, "/")
	if row.std && strings.Contains(first, ".") {
		return false
	}
	return !slices.ContainsFunc(row.never, func(n string) bool { return under(name, n) })
}

// state finds what a package keeps or does outside its functions' callers'
// sight: variables that can change, init functions, exits.
func state(name string, file *ast.File) []string {
	if path.Base(path.Dir(name)) == "dbtest" { // serves tests alone
		return nil
	}
	var faults []string
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == "init" {
				faults = append(faults, "an init function")
			}
		case *ast.GenDecl:
			if decl.Tok == token.VAR {
				faults = append(faults, variables(decl)...)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && name != "main.go" {
			if call := spell(sel); call == "os.Exit" || strings.HasPrefix(call, "log.Fatal") || strings.HasPrefix(call, "log.Panic") {
				faults = append(faults, call+" outside main.go")
			}
		}
		return true
	})
	return faults
}

func variables(decl *ast.GenDecl) []string {
	var faults []string
	for _, spec := range decl.Specs {
		v := spec.(*ast.ValueSpec)
		if embedded(decl.Doc) || embedded(v.Doc) {
			continue
		}
		for i, name := range v.Names {
			if name.Name != "_" && (i >= len(v.Values) || !constant(v.Values[i])) {
				faults = append(faults, "package-level "+name.Name+" can change: pass it, or make it a function or a constant")
			}
		}
	}
	return faults
}

func embedded(doc *ast.CommentGroup) bool {
	return doc != nil && slices.ContainsFunc(doc.List, func(c *ast.Comment) bool { return strings.HasPrefix(c.Text, "//go:embed ") })
}

// constant tells whether a value stays as it is made: a literal, an error, or
// one of the few immutable things of the standard library.
func constant(value ast.Expr) bool {
	switch value := value.(type) {
	case *ast.BasicLit:
		return true
	case *ast.CallExpr:
		return slices.Contains([]string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.NewReplacer"}, spell(value.Fun))
	}
	return false
}

func spell(e ast.Expr) string {
	sel, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if x, ok := sel.X.(*ast.Ident); ok {
		return x.Name + "." + sel.Sel.Name
	}
	return ""
}
