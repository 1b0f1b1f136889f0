# drbot. `make` prints the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
GO ?= go
PKGS := ./...
DEBIAN := bash coreutils gcc libc6-dev git openssh-client openssh-server sqlite3 postgresql postgresql-client redis-server redis-tools
export DEBIAN_FRONTEND := noninteractive

.PHONY: help test check tools fmt vet lint demo build bench fuzz golden crash drill-sqlite drill-redis drill-postgres drill-service drill-security

help: ## print the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

test: tools vet lint ## install what the tests need, then run everything with the race detector
	DRBOT_TEST_SERVERS=1 $(GO) test -race -timeout 20m -parallel 4 $(PKGS)

check: ## the fast loop: format, vet, lint, imports and unit tests
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run: make fmt"; exit 1; }
	$(GO) vet $(PKGS)
	$(GO) tool staticcheck $(PKGS)
	$(GO) tool go-errorlint $(PKGS)
	$(GO) test -short $(PKGS)

tools: ## Debian and npm packages that the tests use, installed when they are missing
	@./.ci/tools $(DEBIAN)
	@./.ci/web

fmt: ## format
	$(GO) tool gofumpt -w $$(git ls-files '*.go')

vet:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run: make fmt"; exit 1; }
	$(GO) vet $(PKGS)

lint:
	$(GO) tool staticcheck $(PKGS)
	$(GO) tool go-errorlint $(PKGS)

build: ## bin/drbot
	$(GO) build -trimpath -o bin/drbot ./cmd/drbot

demo: ## an incident from the damage to the review, in a browser
	$(GO) run ./cmd/drbot demo

bench: ## print workloads and figures, and compare them with the last recorded ones
	@./.ci/bench

fuzz: ## every fuzz target for 20 s each
	@./.ci/fuzz

golden: ## rewrite the golden files; read the difference afterwards
	$(GO) test ./templates ./bot -update

drill-sqlite: ## destroy SQLite files and recover them through approvals; prints RTO and RPO
	$(GO) test -count=1 -run 'TestDrill_SQLite' -v ./cmd/drbot

drill-redis: tools ## the same with a real Redis, AOF on, and its undo
	DRBOT_TEST_SERVERS=1 $(GO) test -count=1 -run 'TestDrill_Redis' -v ./cmd/drbot

drill-postgres: tools ## the same with a real PostgreSQL: from a dump with its undo, and to a point in time
	DRBOT_TEST_SERVERS=1 $(GO) test -count=1 -run 'TestDrill_Postgres' -v ./cmd/drbot

drill-service: tools ## the whole service in its order: real PostgreSQL and Redis, stand-ins for kubectl and terraform that check every argument
	DRBOT_TEST_SERVERS=1 $(GO) test -count=1 -run 'TestDrill_(WholeService|RealTerraform|WrongCluster|LostState|APlan|AnEmpty)' -v ./cmd/drbot

drill-security: tools ## a security incident both ways: evidence sealed first, real sessions and key files, no secret anywhere
	DRBOT_TEST_SERVERS=1 $(GO) test -count=1 -run 'TestDrill_(Security|Rotation|Evidence)' -v ./cmd/drbot

crash: ## kill -9 drbot at 200 random instants of runs of ten steps; SEED=N ROUND=R plays one run again
	$(GO) test -race -count=1 -timeout 30m -v -run 'TestI26_Crash' ./cmd/drbot -crash.kills=200 $(if $(SEED),-crash.seed=$(SEED)) $(if $(ROUND),-crash.round=$(ROUND))
