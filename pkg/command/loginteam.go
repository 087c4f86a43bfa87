package command

import (
	"context"
	"errors"
	"fmt"
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

// meet asks Vercel who the token belongs to, and settles the default team. What
// Vercel does not tell, as for a token of one team only, is no error: the check
// of the token comes after.
func (l *login) meet(ctx context.Context, cache *client.Client) (client.User, error) {
	user, err := cache.User(ctx)
	if err := unlessRefused(err); err != nil {
		return user, err
	}
	teams, err := cache.Teams(ctx)
	if err := unlessRefused(err); err != nil {
		return user, err
	}
	if text := userText(user); text != "" {
		l.say("The token belongs to %s", text)
	}
	switch {
	case l.common.team != "":
		l.settings.Team = l.complete(artifact.ParseTeam(l.common.team), teams)
		return user, nil
	case len(teams) == 0:
		return user, nil
	case l.console == nil:
		if l.settings.Team == (artifact.Team{}) {
			l.say("No team was chosen: set a default with --team SLUG. Your teams: %s", l.slugs(teams))
		}
		return user, nil
	}
	chosen, err := l.chooseTeam(ctx, teams)
	if err != nil {
		return user, err
	}
	l.settings.Team, l.settings.TeamOrigin = chosen, settings.LoginOrigin
	return user, nil
}

// unlessRefused returns err, unless it is a refusal by the server.
func unlessRefused(err error) error {
	var answered *client.Error
	if errors.As(err, &answered) && answered.Status != 0 {
		return nil
	}
	return err
}

// complete finds the id and slug of a team that is known by either.
func (l *login) complete(given artifact.Team, teams []client.Team) artifact.Team {
	for _, team := range teams {
		if team.ID == given.ID && given.ID != "" || team.Slug == given.Slug && given.Slug != "" {
			return artifact.Team{ID: team.ID, Slug: team.Slug}
		}
	}
	if len(teams) > 0 {
		l.warn(fmt.Sprintf("the token's user is not in team %s; your teams: %s", teamText(given), l.slugs(teams)))
	}
	return given
}

// chooseTeam asks for the default team, by its number or slug.
func (l *login) chooseTeam(ctx context.Context, teams []client.Team) (artifact.Team, error) {
	var list strings.Builder
	fmt.Fprintf(&list, "Teams:\n  0  personal account\n")
	preset := 0
	for i, team := range teams {
		fmt.Fprintf(&list, "  %d  %s\n", i+1, l.nameOf(team))
		if now := l.settings.Team; now.ID != "" && now.ID == team.ID || now.Slug != "" && now.Slug == team.Slug {
			preset = i + 1
		}
	}
	question := fmt.Sprintf("Default team [%d]: ", preset)
	for range maxAsked {
		answer, err := l.console.Ask(ctx, list.String()+question)
		if err != nil {
			return artifact.Team{}, fmt.Errorf("asking for the default team: %w", err)
		}
		list.Reset()
		if answer == "" {
			answer = strconv.Itoa(preset)
		}
		if number, ok := teamNumber(answer, teams); ok && number == 0 {
			return artifact.Team{}, nil
		} else if ok {
			return artifact.Team{ID: teams[number-1].ID, Slug: teams[number-1].Slug}, nil
		}
		question = fmt.Sprintf("Type a number from 0 to %d, or a slug: ", len(teams))
	}
	return artifact.Team{}, unusable("no team was chosen: give one with --team")
}

// teamNumber returns the number of the team in an answer, 0 for none.
func teamNumber(answer string, teams []client.Team) (int, bool) {
	for i, team := range teams {
		if answer == team.Slug || answer == team.ID {
			return i + 1, true
		}
	}
	number, err := strconv.Atoi(answer)
	return number, err == nil && number >= 0 && number <= len(teams)
}

// nameOf is a team as it stands in the list. The server chose the words.
func (a *app) nameOf(team client.Team) string {
	if team.Name == "" {
		return a.streams.redactor.Line(team.Slug, maxTeamName)
	}
	return a.streams.redactor.Line(team.Slug, maxTeamName) + "  (" + a.streams.redactor.Line(team.Name, maxTeamName) + ")"
}

func (a *app) slugs(teams []client.Team) string {
	var names []string
	for _, team := range teams {
		names = append(names, a.streams.redactor.Line(team.Slug, maxTeamName))
	}
	return strings.Join(names, ", ")
}
