package main

import (
	"github.com/spf13/cobra"

	"github.com/drbot/drbot/bot"
)

func (p program) slack() *cobra.Command {
	var url string
	manifest := &cobra.Command{
		Use: "manifest", Short: "Print the app manifest, with the reason of every scope", Args: cobra.NoArgs,
		Long: "Manifest prints what https://api.slack.com/apps takes under “From a manifest”. The command names are the configuration's,\n" +
			"where there is one. --url gives the address of the HTTP door, for slack.mode http.",
		RunE: func(*cobra.Command, []string) error {
			o := bot.ManifestOptions{Incident: "incident", Recover: "recover", URL: url}
			if path, err := findConfig(*p.file); err == nil {
				c, err := loadConfig(path, p.getenv)
				if err != nil {
					return &exitError{exitConfig, err}
				}
				o.Incident, o.Recover = c.Commands.Incident, c.Commands.Recover
			} else if *p.file != "" {
				return &exitError{exitConfig, err}
			}
			text, err := bot.Manifest(o)
			if err != nil {
				return err
			}
			_, err = p.stdout.Write(text)
			return err
		},
	}
	manifest.Flags().StringVar(&url, "url", "", "public base URL of drbot, like https://drbot.example.com")
	return group("slack", "Connect Slack", manifest)
}
