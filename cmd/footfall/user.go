package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"golang.org/x/term"

	"footfall/aggregate"
	"footfall/aggregate/team"
	"footfall/ui/account"
)

type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Make an account; its password is read from the terminal or from stdin."`
	List     userListCmd     `cmd:"" help:"List the accounts (never the secrets)."`
	Password userPasswordCmd `cmd:"" help:"Set a new password and sign the account out everywhere; read from the terminal or from stdin."`
	Remove   userRemoveCmd   `cmd:"" help:"End an account."`
}

type userAddCmd struct {
	Email string   `arg:"" help:"Mail address; it names the account."`
	Role  string   `help:"What the account may do: owner, admin, editor, viewer (default: owner for the first account, viewer after that)." enum:",owner,admin,editor,viewer" default:"" placeholder:"ROLE"`
	Site  []string `help:"Site on which it may; may be repeated (default: every site, and the installation)." placeholder:"DOMAIN"`
	machines
}

type userListCmd struct{ machines }

type userPasswordCmd struct {
	Email string `arg:"" help:"The account."`
	machines
}

type userRemoveCmd struct {
	Email string `arg:"" help:"The account."`
	machines
}

type userQuestion struct {
	Email    string
	Password string
	Role     string
	Sites    []string
}

// userLine is an account as it is listed.
type userLine struct {
	Email   string                       `json:"email"`
	Role    team.Role                    `json:"role"` // in the whole installation; blank = on its sites only
	Sites   map[aggregate.Site]team.Role `json:"sites"`
	Factor  bool                         `json:"second_factor"`
	Created string                       `json:"created"`
}

func lineOf(m account.Member) userLine {
	sites := m.Grants.Sites
	if sites == nil {
		sites = map[aggregate.Site]team.Role{}
	}
	return userLine{m.Email, m.Grants.All, sites, m.Factor, m.Created.UTC().Format("2006-01-02")}
}

// advised adds to an error of the book what to do about it.
func advised(err error) error {
	switch {
	case errors.Is(err, account.ErrPassword):
		return hint(err, "a few words in a row make a good password; there are no rules about what it has to contain")
	case errors.Is(err, account.ErrEmail):
		return hint(err, "an account is named by a mail address such as you@example.com")
	case errors.Is(err, account.ErrExists):
		return hint(err, "footfall user password sets a new password for it, footfall user remove ends it")
	case errors.Is(err, account.ErrNoAccount):
		return hint(err, "footfall user list shows the accounts")
	case errors.Is(err, account.ErrLastOwner):
		return hint(err, "make another owner first: footfall user add EMAIL --role owner")
	}
	return err
}

func (c *control) addUser(q userQuestion) (userLine, error) {
	role := team.Viewer
	if c.book.Empty() && len(q.Sites) == 0 {
		role = team.Owner
	}
	if q.Role != "" {
		var err error
		if role, err = team.ParseRole(q.Role); err != nil {
			return userLine{}, err
		}
	}
	g := team.Grants{All: role}
	if len(q.Sites) > 0 {
		g = team.Grants{Sites: map[aggregate.Site]team.Role{}}
	}
	for _, domain := range q.Sites {
		record, err := c.known(domain)
		if err != nil {
			return userLine{}, err
		}
		g.Sites[record.Site] = role
	}
	m, err := c.book.Add(q.Email, q.Password, g)
	return lineOf(m), advised(err)
}

func (c *control) listUsers(struct{}) ([]userLine, error) {
	lines := []userLine{}
	for _, m := range c.book.Members() {
		lines = append(lines, lineOf(m))
	}
	return lines, nil
}

func (c *control) setUserPassword(q userQuestion) (struct{}, error) {
	m, err := c.book.Find(q.Email)
	if err == nil {
		err = c.book.SetPassword(m.ID, q.Password, 0)
	}
	return struct{}{}, advised(err)
}

func (c *control) removeUser(q userQuestion) (struct{}, error) {
	m, err := c.book.Find(q.Email)
	if err == nil {
		err = c.book.Remove(m.ID)
	}
	return struct{}{}, advised(err)
}

// readPassword asks for a password on a terminal, twice and unseen, or takes the
// first line of what is piped in. It is never an argument: those are seen by
// everybody on the machine.
func readPassword(io *streams) (string, error) {
	file, ok := io.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return firstLine(io.in)
	}
	ask := func(prompt string) (string, error) {
		fmt.Fprint(io.err, prompt)
		typed, err := term.ReadPassword(int(file.Fd()))
		fmt.Fprintln(io.err)
		return string(typed), err
	}
	password, err := ask("Password: ")
	if err != nil {
		return "", err
	}
	again, err := ask("Once more: ")
	if err == nil && again != password {
		err = hint(errors.New("the two passwords differ"), "type the same one twice")
	}
	return password, err
}

func firstLine(in io.Reader) (string, error) {
	if in != nil {
		line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			return line, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return "", err
		}
	}
	return "", hint(errors.New("there is no password on stdin"), "type it on a terminal, or pipe it in from a file")
}

func (c *userAddCmd) Run(root *cli, io *streams) error {
	if _, err := account.ParseEmail(c.Email); err != nil { // before anybody types a password
		return advised(err)
	}
	password, err := readPassword(io)
	if err != nil {
		return err
	}
	line, err := askOnce[userLine](root.Data, toCreate, "/user/add", userQuestion{c.Email, password, c.Role, c.Site})
	if err != nil {
		return err
	}
	return c.tell(io.out, line, "%s may sign in: %s\n", line.Email, line.roles())
}

// roles says what an account may do, and where.
func (l *userLine) roles() string {
	var parts []string
	if l.Role != team.Nobody {
		parts = append(parts, l.Role.String())
	}
	for _, site := range slices.Sorted(maps.Keys(l.Sites)) {
		parts = append(parts, fmt.Sprintf("%s of %s", l.Sites[site], site))
	}
	if len(parts) == 0 {
		return "no role"
	}
	return strings.Join(parts, ", ")
}

func (c *userListCmd) Run(root *cli, io *streams) error {
	lines, err := askOnce[[]userLine](root.Data, toRead, "/user/list", struct{}{})
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(io.out, lines)
	}
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, l := range lines {
		fmt.Fprintf(w, "%s\t%s\n", l.Email, l.roles())
	}
	return w.Flush()
}

func (c *userPasswordCmd) Run(root *cli, io *streams) error {
	password, err := readPassword(io)
	if err != nil {
		return err
	}
	if _, err := askOnce[struct{}](root.Data, toWrite, "/user/password", userQuestion{Email: c.Email, Password: password}); err != nil {
		return err
	}
	return c.tell(io.out, map[string]string{"new_password": c.Email}, "%s has a new password and is signed out everywhere\n", c.Email)
}

func (c *userRemoveCmd) Run(root *cli, io *streams) error {
	if _, err := askOnce[struct{}](root.Data, toWrite, "/user/remove", userQuestion{Email: c.Email}); err != nil {
		return err
	}
	return c.tell(io.out, removed{c.Email}, "%s is no account any more\n", c.Email)
}
