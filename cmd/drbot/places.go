package main

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// places knows where each value of a YAML file stands, for what is found wrong after it was decoded.
type places struct{ root *yaml.Node }

func placesIn(src []byte) places {
	var document yaml.Node
	if err := yaml.Unmarshal(src, &document); err != nil || len(document.Content) == 0 {
		return places{} // decoding it has said so
	}
	return places{document.Content[0]}
}

// fault puts line and column before an error. The path is of keys (string) and positions in lists (int); where it goes
// further than the file does, the place is the nearest that there is.
func (p places) fault(err error, path ...any) error {
	node := p.root
	for _, step := range path {
		next := placed(node, step)
		if next == nil {
			break
		}
		node = next
	}
	if node == nil || node == p.root {
		return err
	}
	return fmt.Errorf("%d:%d: %w", node.Line, node.Column, err)
}

func placed(node *yaml.Node, step any) *yaml.Node {
	if node == nil {
		return nil
	}
	switch step := step.(type) {
	case int:
		if node.Kind == yaml.SequenceNode && step < len(node.Content) {
			return node.Content[step]
		}
	case string:
		for k := 0; node.Kind == yaml.MappingNode && k+1 < len(node.Content); k += 2 {
			if node.Content[k].Value == step {
				return node.Content[k+1]
			}
		}
	}
	return nil
}
