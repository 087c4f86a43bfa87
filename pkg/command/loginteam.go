package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/artifact-cli/artifact/pkg/artifact"
	"github.com/artifact-cli/artifact/pkg/client"
	"github.com/artifact-cli/artifact/pkg/internal/settings"
)

// maxTeamName limits how many characters of a team's name are shown.
const maxTeamName = 60

// maxAsked limits how often a question is repeated.
const maxAsked = 3

// askVercel gets the token's user from Vercel, and chooses the default team. An
// answer without them, as for a token of a single team, is not an error: the
// token is checked later.
func (l *login) askVercel(ctx context.Context, cache *client.Client) (err error) {
	l.user, err = cache.User(ctx)
	if err := unlessRefused(err); err != nil {
		return err
	}
	teams, err := cache.Teams(ctx)
	if err := unlessRefused(err); err != nil {
		return err
	}
	if text := userText(l.user); text != "" {
		l.say("The token belongs to %s", text)
	}
	switch {
	case l.common.team != "":
		l.settings.Team = l.complete(artifact.ParseTeam(l.common.team), teams)
	case len(teams) == 0:
	case l.console != nil:
		l.settings.TeamOrigin = settings.LoginOrigin
		l.settings.Team, err = l.chooseTeam(ctx, teams)
		return err
	case l.settings.Team == (artifact.Team{}):
		l.say("No team was chosen: set a default with --team SLUG. Your teams: %s", l.slugs(teams))
	}
	return nil
}

// unlessRefused returns err, or nil if the server refused.
func unlessRefused(err error) error {
	var answered *client.Error
	if errors.As(err, &answered) && answered.Status != 0 {
		return nil
	}
	return err
}

// find returns the place of a team that is known by its id or slug, or -1.
func find(teams []client.Team, wanted artifact.Team) int {
	return slices.IndexFunc(teams, func(team client.Team) bool {
		return wanted.ID != "" && team.ID == wanted.ID || wanted.Slug != "" && team.Slug == wanted.Slug
	})
}

// complete adds the id or the slug to a team that is known by the other.
func (l *login) complete(given artifact.Team, teams []client.Team) artifact.Team {
	if i := find(teams, given); i >= 0 {
		return artifact.Team{ID: teams[i].ID, Slug: teams[i].Slug}
	}
	if len(teams) > 0 {
		l.warn(fmt.Sprintf("the token's user is not in team %s; your teams: %s", teamText(given), l.slugs(teams)))
	}
	return given
}

// chooseTeam asks for the default team, by its number, slug or id.
func (l *login) chooseTeam(ctx context.Context, teams []client.Team) (artifact.Team, error) {
	list := "Teams:\n  0  personal account\n"
	for i, team := range teams {
		list += fmt.Sprintf("  %d  %s", i+1, l.shortName(team.Slug))
		if team.Name != "" {
			list += "  (" + l.shortName(team.Name) + ")"
		}
		list += "\n"
	}
	preset := find(teams, l.settings.Team) + 1
	question := fmt.Sprintf("%sDefault team [%d]: ", list, preset)
	for range maxAsked {
		answer, err := l.console.Ask(ctx, question)
		if err != nil {
			return artifact.Team{}, fmt.Errorf("asking for the default team: %w", err)
		}
		number := find(teams, artifact.Team{ID: answer, Slug: answer}) + 1
		switch {
		case answer == "":
			number = preset
		case number == 0:
			number, err = strconv.Atoi(answer)
		}
		switch {
		case err != nil || number < 0 || number > len(teams):
			question = fmt.Sprintf("Type a number from 0 to %d, or a slug: ", len(teams))
		case number == 0:
			return artifact.Team{}, nil
		default:
			return artifact.Team{ID: teams[number-1].ID, Slug: teams[number-1].Slug}, nil
		}
	}
	return artifact.Team{}, unusable("no team was chosen: give one with --team")
}

// shortName makes a name of a team, which the server chose, fit to be shown.
func (a *app) shortName(name string) string { return a.streams.redactor.Line(name, maxTeamName) }

func (a *app) slugs(teams []client.Team) string {
	var names []string
	for _, team := range teams {
		names = append(names, a.shortName(team.Slug))
	}
	return strings.Join(names, ", ")
}
