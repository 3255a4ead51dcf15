package authticket

import "slices"

// Dictionary is texts by key, in order (IDictionary<string, string>; .NET keeps
// the order in which keys were added, and so does the binary form). Each key
// occurs once: a dictionary with the same key twice cannot be encoded. Keys
// compare exactly. The zero value is empty.
type Dictionary []Item

// Item is one entry of a Dictionary.
type Item struct {
	Key, Value string
}

// Get returns the value of a key, and whether there is one.
func (d Dictionary) Get(key string) (value string, ok bool) {
	if i := d.index(key); i >= 0 {
		return d[i].Value, true
	}
	return "", false
}

// Set gives a key its value: in its place if d has it, and else at the end.
func (d *Dictionary) Set(key, value string) {
	if i := d.index(key); i >= 0 {
		(*d)[i].Value = value
		return
	}
	*d = append(*d, Item{key, value})
}

// Delete removes a key, if d has it.
func (d *Dictionary) Delete(key string) {
	*d = slices.DeleteFunc(*d, func(item Item) bool { return item.Key == key })
}

func (d Dictionary) index(key string) int {
	return slices.IndexFunc(d, func(item Item) bool { return item.Key == key })
}

// manyItems is from how many on a map is quicker than looking at all pairs.
const manyItems = 32

// unique reports whether no key occurs twice, in time that grows with the
// number of items and not with its square.
func (d Dictionary) unique() bool {
	if len(d) < manyItems {
		for i, item := range d {
			if d[:i].index(item.Key) >= 0 {
				return false
			}
		}
		return true
	}
	seen := make(map[string]struct{}, len(d))
	for _, item := range d {
		seen[item.Key] = struct{}{}
	}
	return len(seen) == len(d)
}
