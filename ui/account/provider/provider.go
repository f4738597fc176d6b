// Package provider asks an OpenID provider who somebody is. It is one of the few
// parts that open a connection: to the provider that the operator has named, when
// somebody signs in with it, and never before.
//
// It must never see an account: what it brings back is who the provider says that
// somebody is, and the dashboard decides whether there is such an account.
package provider

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// patience is how long the provider may take for one answer.
const patience = 10 * time.Second

// ErrRefused is returned where the provider does not vouch for somebody.
var ErrRefused = errors.New("the provider does not say who this is")

// Provider is the team's OpenID provider. Its methods may be called concurrently.
type Provider struct {
	issuer, id, secret string
	client             *http.Client

	mu    sync.Mutex     // protects found
	found *oidc.Provider // nil until somebody signs in
}

// New makes a provider of an issuer's address and of what it knows us by. Nothing is
// asked of it yet.
func New(issuer, id, secret string) *Provider {
	return &Provider{issuer: issuer, id: id, secret: secret, client: &http.Client{Timeout: patience}}
}

// Identity is who the provider says that somebody is.
type Identity struct {
	Subject  string // issuer and subject: never given to somebody else
	Email    string
	Verified bool // the provider has made sure that the address is theirs
}

// Attempt is a sign-in that has begun. It stays with us.
type Attempt struct{ State, Nonce, Verifier string }

// discover asks the provider for its addresses, the first time.
func (p *Provider) discover(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found != nil {
		return p.found, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.issuer)
	if err != nil {
		return nil, fmt.Errorf("the OpenID provider: %w", err)
	}
	p.found = found
	return found, nil
}

func (p *Provider) config(found *oidc.Provider, back string) *oauth2.Config {
	return &oauth2.Config{ClientID: p.id, ClientSecret: p.secret, Endpoint: found.Endpoint(), RedirectURL: back,
		Scopes: []string{oidc.ScopeOpenID, "email"}}
}

// Begin is where to send somebody who wants to sign in; back is our own address,
// to which the provider sends them again. The error is about the connection.
func (p *Provider) Begin(ctx context.Context, back string) (address string, a Attempt, err error) {
	found, err := p.discover(ctx)
	if err != nil {
		return "", a, err
	}
	a = Attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	return p.config(found, back).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), a, nil
}

// Finish is who has come back with a code. Its token is checked: signature, issuer,
// audience, time, and that it answers this very attempt. The error wraps ErrRefused.
func (p *Provider) Finish(ctx context.Context, back, code string, a Attempt) (Identity, error) {
	found, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	config := p.config(found, back)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if err != nil {
		return Identity{}, fmt.Errorf("%w: the code is not taken", ErrRefused) // the answer may repeat the code
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.id}).Verify(ctx, raw)
	if err != nil {
		return Identity{}, fmt.Errorf("%w: its token is not valid", ErrRefused)
	}
	var claims struct {
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}
	if id.Nonce != a.Nonce || id.Claims(&claims) != nil {
		return Identity{}, fmt.Errorf("%w: its token answers another attempt", ErrRefused)
	}
	who := Identity{Subject: id.Issuer + " " + id.Subject, Email: claims.Email, Verified: claims.Verified}
	if who.Email == "" { // some tell it only when asked for more
		if info, err := found.UserInfo(ctx, config.TokenSource(ctx, token)); err == nil && info.Subject == id.Subject {
			who.Email, who.Verified = info.Email, info.EmailVerified
		}
	}
	return who, nil
}
