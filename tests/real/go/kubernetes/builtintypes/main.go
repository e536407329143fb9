// Command builtintypes prints the fields of Kubernetes' built-in kinds as JSON, read from the types
// of the Go modules by reflection: pytest_kubeflow/local/apiserver/builtin/types.json is its output.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"

	admissionregistration "k8s.io/api/admissionregistration/v1"
	apps "k8s.io/api/apps/v1"
	authentication "k8s.io/api/authentication/v1"
	authorization "k8s.io/api/authorization/v1"
	autoscaling "k8s.io/api/autoscaling/v1"
	autoscaling2 "k8s.io/api/autoscaling/v2"
	batch "k8s.io/api/batch/v1"
	certificates "k8s.io/api/certificates/v1"
	coordination "k8s.io/api/coordination/v1"
	core "k8s.io/api/core/v1"
	discovery "k8s.io/api/discovery/v1"
	events "k8s.io/api/events/v1"
	flowcontrol "k8s.io/api/flowcontrol/v1"
	networking "k8s.io/api/networking/v1"
	node "k8s.io/api/node/v1"
	policy "k8s.io/api/policy/v1"
	rbac "k8s.io/api/rbac/v1"
	scheduling "k8s.io/api/scheduling/v1"
	storage "k8s.io/api/storage/v1"
	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	apiregistration "k8s.io/kube-aggregator/pkg/apis/apiregistration/v1"
)

// Types with a JSON form that their fields do not tell.
var special = map[reflect.Type]string{
	reflect.TypeOf(meta.Time{}):                                  "time",
	reflect.TypeOf(meta.MicroTime{}):                             "microtime",
	reflect.TypeOf(meta.FieldsV1{}):                              "raw",
	reflect.TypeOf(runtime.RawExtension{}):                       "raw",
	reflect.TypeOf(resource.Quantity{}):                          "quantity",
	reflect.TypeOf(intstr.IntOrString{}):                         "intstr",
	reflect.TypeOf(apiextensions.JSON{}):                         "raw",
	reflect.TypeOf(apiextensions.JSONSchemaPropsOrArray{}):       "raw",
	reflect.TypeOf(apiextensions.JSONSchemaPropsOrBool{}):        "raw",
	reflect.TypeOf(apiextensions.JSONSchemaPropsOrStringArray{}): "raw",
}

var structs = map[string]map[string]string{}

// name is "core/v1.Container" for k8s.io/api/core/v1.Container.
func name(t reflect.Type) string {
	parts := strings.Split(t.PkgPath(), "/")
	return strings.Join(parts[len(parts)-2:], "/") + "." + t.Name()
}

// goName is the name of a type that has one, as an error of encoding/json writes it.
func goName(t reflect.Type) string {
	if t.PkgPath() == "" {
		return ""
	}
	return "=" + t.String()
}

func describe(t reflect.Type) string {
	if found, ok := special[t]; ok {
		return found
	}
	switch t.Kind() {
	case reflect.Pointer:
		return describe(t.Elem())
	case reflect.Struct:
		walk(t)
		return name(t)
	case reflect.Map:
		return "{" + goName(t) + "}" + describe(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[" + goName(t) + "]" + describe(t.Elem())
	}
	return t.Kind().String() + goName(t)
}

func walk(t reflect.Type) {
	if _, ok := structs[name(t)]; ok {
		return
	}
	fields := map[string]string{}
	structs[name(t)] = fields
	for i := range t.NumField() {
		field := t.Field(i)
		jsonName, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		if jsonName == "-" {
			continue
		}
		wire := strings.Split(field.Tag.Get("protobuf"), ",")
		number := "0"
		if len(wire) > 1 {
			number = wire[1]
		}
		if strings.Contains(options, "inline") || (field.Anonymous && jsonName == "") {
			if field.Type == reflect.TypeOf(meta.TypeMeta{}) {
				continue
			}
			fields["+"+field.Type.Name()] = number + " " + describe(field.Type)
			continue
		}
		text := number + " " + describe(field.Type)
		if field.Type.Kind() == reflect.Pointer {
			text += " *"
		}
		if !strings.Contains(options, "omit") {
			text += " !"
		}
		if strings.Contains(options, "omitzero") {
			text += " 0"
		}
		if strategy := field.Tag.Get("patchStrategy"); strategy != "" {
			text += " " + strategy
			if key := field.Tag.Get("patchMergeKey"); key != "" {
				text += ":" + key
			}
		}
		fields[jsonName] = text
	}
}

func main() {
	scheme := runtime.NewScheme()
	groups := []func(*runtime.Scheme) error{
		admissionregistration.AddToScheme, apps.AddToScheme, authentication.AddToScheme,
		authorization.AddToScheme, autoscaling.AddToScheme, autoscaling2.AddToScheme,
		batch.AddToScheme, certificates.AddToScheme, coordination.AddToScheme, core.AddToScheme,
		discovery.AddToScheme, events.AddToScheme, flowcontrol.AddToScheme, networking.AddToScheme,
		node.AddToScheme, policy.AddToScheme, rbac.AddToScheme, scheduling.AddToScheme,
		storage.AddToScheme, apiextensions.AddToScheme, apiregistration.AddToScheme,
	}
	for _, add := range groups {
		if err := add(scheme); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	kinds := map[string]string{}
	object := reflect.TypeOf(meta.ObjectMeta{})
	for known, t := range scheme.AllKnownTypes() {
		_, list := t.FieldByName("Items")
		field, has := t.FieldByName("ObjectMeta")
		if list || !has || field.Type != object || known.Version == runtime.APIVersionInternal {
			continue
		}
		kinds[known.GroupVersion().String()+" "+known.Kind] = describe(t)
	}
	describe(reflect.TypeOf(meta.PartialObjectMetadata{}))
	kinds["v1 DeleteOptions"] = describe(reflect.TypeOf(meta.DeleteOptions{}))
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	if err := out.Encode(map[string]any{"kinds": kinds, "structs": structs}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
