package statuspage

import "slices"

// news is an update with what it belongs to.
type news struct {
	Said
	item *Item
}

// said are the newest updates of everything, newest first.
func (p Page) said() []news {
	var all []news
	for _, list := range [][]Item{p.Current, p.Scheduled, p.Past} {
		for k := range list {
			for _, u := range list[k].Updates {
				all = append(all, news{u, &list[k]})
			}
		}
	}
	slices.SortFunc(all, func(a, b news) int { return order(b.At, a.At, a.Key, b.Key) })
	return all[:min(len(all), feedLength)]
}
