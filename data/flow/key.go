package flow

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"slices"
)

// Key returns the hex SHA-256 of a value: of every field of its structs by name,
// exported or not, whatever their tags say. What a task can read of its
// configuration is therefore in its key, but for the Path of an [Input], whose
// content is there as its Hash. Functions, channels, interfaces and pointers to
// what is not there have no key, and are errors.
func Key(v any) (string, error) {
	k := keyWriter{}
	if err := k.value(reflect.ValueOf(v)); err != nil {
		return "", err
	}
	sum := sha256.Sum256(k.b)
	return hex.EncodeToString(sum[:]), nil
}

// keyWriter writes values so that different ones of a type are different bytes.
type keyWriter struct{ b []byte }

func (k *keyWriter) uint(n uint64) { k.b = binary.AppendUvarint(k.b, n) }

func (k *keyWriter) string(s string) {
	k.uint(uint64(len(s)))
	k.b = append(k.b, s...)
}

var inputType = reflect.TypeFor[Input]()

func (k *keyWriter) value(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			k.uint(1)
		} else {
			k.uint(0)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		k.b = binary.AppendVarint(k.b, v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		k.uint(v.Uint())
	case reflect.Float32, reflect.Float64:
		k.b = binary.BigEndian.AppendUint64(k.b, math.Float64bits(v.Float()))
	case reflect.String:
		k.string(v.String())
	case reflect.Slice, reflect.Array:
		return k.list(v)
	case reflect.Map:
		return k.dictionary(v)
	case reflect.Struct:
		return k.fields(v)
	case reflect.Pointer:
		if v.IsNil() {
			k.uint(0)
			return nil
		}
		k.uint(1)
		return k.value(v.Elem())
	default:
		return fmt.Errorf("a value of kind %s cannot be hashed", v.Kind())
	}
	return nil
}

func (k *keyWriter) list(v reflect.Value) error {
	k.uint(uint64(v.Len()))
	for i := range v.Len() {
		if err := k.value(v.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

// dictionary writes entries in the order of their keys' bytes.
func (k *keyWriter) dictionary(v reflect.Value) error {
	k.uint(uint64(v.Len()))
	entries := make([]string, 0, v.Len())
	for it := v.MapRange(); it.Next(); {
		var e keyWriter
		if err := e.value(it.Key()); err != nil {
			return err
		}
		if err := e.value(it.Value()); err != nil {
			return err
		}
		entries = append(entries, string(e.b))
	}
	slices.Sort(entries)
	for _, e := range entries {
		k.string(e)
	}
	return nil
}

func (k *keyWriter) fields(v reflect.Value) error {
	if v.Type() == inputType {
		k.string(v.FieldByName("Hash").String())
		return nil
	}
	for i := range v.NumField() {
		f := v.Type().Field(i)
		k.string(f.Name)
		if err := k.value(v.Field(i)); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	return nil
}
