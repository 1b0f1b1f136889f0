package runbook

import (
	"strings"
	"testing"
)

// classed says what InferRisk makes of each line of a text, proposals for unknown programs included.
func classed(t *testing.T, want Risk, lines string) {
	t.Helper()
	for line := range strings.Lines(strings.TrimSpace(lines)) {
		text := strings.ReplaceAll(strings.TrimSpace(line), "⏎", "\n")
		got := InferRisk(Bash, text+"\n")
		risk := got.Risk
		if len(got.Unknown) > 0 {
			risk = Worse(risk, Change)
		}
		if risk != want {
			t.Errorf("%s, expected %s: %s %q %q", risk, want, text, got.Why, got.Unknown)
		}
	}
}

// TestI45_WordsOfArgumentsAreNoReading: the verb decides, and it stands where the program's grammar has it.
func TestI45_WordsOfArgumentsAreNoReading(t *testing.T) {
	classed(t, Destructive, `
		aws elbv2 deregister-targets --target-group-arn arn:x --targets Id=i-1
		aws ecs update-service --cluster tools --service web --desired-count 0
		aws rds modify-db-instance --db-instance-identifier users-list --apply-immediately
		aws sqs purge-queue --queue-url https://q.example.com/tools
		aws s3api put-bucket-policy --bucket details --policy file://p
		aws --no-such-option describe rds delete-db-instance
		gcloud compute instances reset show-1
		gcloud sql instances patch list-db --activation-policy=NEVER
		az vm deallocate --name list-vm -g rg
		redis-cli DEL info
		redis-cli SET a b GET
		redis-cli -h info FLUSHALL
		redis-cli flushall
		redis-cli MIGRATE db2 6379 '' 0 5000 KEYS a b
		redis-cli SORT l GET x STORE y
		redis-cli EVAL "redis.call('FLUSHALL')" 1 get
		redis-cli -x SET info < f
		docker config rm app
		docker --no-such ps rm x
		kubectl auth reconcile -f rbac.yaml
		kubectl --as get delete pod x
		kubectl --namespace=prod --context prod delete ns x
		kubectl --no-such get delete pod x
		git branch -D main
		git log --output=/srv/data.db
		git -c core.pager='rm -rf /srv' log
		helm repo remove x
		terraform init -migrate-state -force-copy
		terraform -chdir=x destroy
		systemctl --user disable --now web`)
	classed(t, Read, `
		aws --region eu --profile p rds describe-db-instances --db-instance-identifier delete-me
		aws s3 ls s3://restore
		gcloud sql instances describe delete-me --format json
		az vm show --name stop-me
		redis-cli -h r1 -p 6379 -n 2 GET delete
		redis-cli ping
		redis-cli --no-auth-warning --raw info keyspace
		redis-cli --scan --pattern 'session:*'
		docker compose ps
		docker compose config
		docker image ls
		kubectl --context=prod -n web get pods -o wide
		kubectl config current-context
		kubectl rollout status deploy/web
		terraform -chdir=x plan
		terraform state list
		git -C /srv/app log -3
		git branch --show-current
		systemctl --no-pager status web
		helm -n web history api`)
}

// TestI45_AClusterOfOptionsHidesNothing: short options are taken apart as the programs do it, and an option that nobody
// here knows is no reading.
func TestI45_AClusterOfOptionsHidesNothing(t *testing.T) {
	classed(t, Destructive, `
		curl -sX DELETE https://es.example.com/index
		curl -XDELETE https://es.example.com/index
		curl -sXPOST https://x.example.com/shutdown
		curl -sd '{}' https://x.example.com/failover
		curl -so /srv/data.db https://x.example.com
		curl -D /srv/data.db https://x.example.com
		curl -K conf
		curl --request delete https://x.example.com
		curl --dat x https://x.example.com
		sed -Ei 's/a/b/' /etc/app.conf
		sed -ni 's/a/b/p' /etc/app.conf
		sed -n 'w /srv/data.db' f
		sed '1e rm -rf /srv' f
		sed 's/a/rm -rf x/e' f
		sed -f script f
		psql app -c 'select 1' -qc 'drop table x'
		psql app -c 'select 1' -Xf drop.sql
		psql app -c 'select 1' --comm='drop table x'
		psql -o /srv/data.db -c 'select 1'
		psql -Atqc 'DELETE FROM users' app
		sort -uo /srv/data.db x
		awk -i inplace '{print 1}' /etc/app.conf
		awk -f evil.awk
		awk 'BEGIN{system("rm -rf /srv")}'
		find . -okdir rm {} ';'
		find . -fls FILE
		date 010100002000
		date -s 2000-01-01
		fuser -km /srv
		ss -K dst 10.0.0.1
		redis-check-aof --fix appendonly.aof
		journalctl --vacuum-time=1s
		journalctl --rotate
		hostname evil
		uniq a b
		xxd -r a b
		mapfile -C 'rm -rf /srv' -c 1 a < x
		hash -p /bin/rm ls
		crontab -r`)
	classed(t, Read, `
		curl -fsSL --max-time 5 --retry 3 https://x.example.com/health
		curl -sS -o /dev/null -w '%{http_code}' -H 'Accept: x' https://x.example.com
		curl -fsSX GET https://x.example.com
		sed -nE '/a/,$p; s|x|y|g' f
		sed -n '1,20p' f
		psql -X -v ON_ERROR_STOP=1 -d app -Atqc 'select count(*) from users'
		psql --dbname=app --command='select now()'
		sort -rnk2 f
		awk -F: '{print $1}' /etc/passwd
		date -u +%s
		date -d '1 hour ago' -Iseconds
		fuser -v /srv
		ss -ltnp
		journalctl -u web --since '1 hour ago' --no-pager -n 100
		hostname -f
		crontab -l`)
	classed(t, Change, `
		sed -i.bak 's/a/b/' f
		sort -o sorted.txt f
		curl -fsSo report.txt https://x.example.com
		curl -fsSO https://x.example.com/report.txt`)
}

// TestI45_NoNameIsTakenForAnother: functions, paths and variables do not switch the judgement off.
func TestI45_NoNameIsTakenForAnother(t *testing.T) {
	classed(t, Destructive, `
		kubectl() { command kubectl --context prod "$@"; }⏎kubectl delete ns web
		rm() { command rm -i "$@"; }⏎rm -rf /srv
		if false; then rm() { :; }; fi⏎rm -rf /srv
		( rm() { :; } )⏎rm -rf /srv
		/usr/lib/postgresql/15/bin/pg_ctl promote -D /d
		/usr/lib/postgresql/15/bin/dropdb app
		/usr/pgsql-15/bin/psql -c 'drop table x'
		/snap/bin/kubectl delete ns web
		./kubectl exec x -- ls
		./psql app <<< 'select 1'
		/usr/bin/sudo sed -i s/a/b/ f
		/usr/bin/env kubectl drain n1
		./restore.sh
		alias ls='rm -rf'⏎ls /srv
		LD_PRELOAD=/evil.so ls
		PAGER='rm -rf /srv' git log
		PS4='$(rm -rf /srv)'
		export BASH_ENV=/evil
		printf -v BASH_ENV /evil`)
	classed(t, Change, `
		PATH=/opt/x/bin:$PATH ls
		/opt/x/ls
		./bash -c ls
		./find . -name x
		./ssh db1 uptime
		./x.sh
		bash x.sh`)
	classed(t, Read, `
		f() { ls; }⏎f
		/usr/bin/ls /srv
		command -v rm`)
}

// TestI45_WrappersAndTextsAreLookedThrough: what runs another program or a text is judged by that.
func TestI45_WrappersAndTextsAreLookedThrough(t *testing.T) {
	classed(t, Destructive, `
		ls | xargs -n 1 rm
		ls | xargs -d '\n' rm
		ls | xargs -P 4 -n 1 kubectl delete pod
		ls | xargs -I % sh -c 'rm %'
		ls | xargs -I echo rm echo
		xargs -a list rm
		parallel rm ::: a b
		watch -n 1 rm x
		sudo -iu postgres dropdb app
		sudo --user postgres dropdb app
		sudo -nu postgres psql -c 'drop table x'
		sudo PGHOST=x dropdb app
		sudo -i
		env -S 'rm -rf' x
		env -C /srv rm -rf x
		taskset -c 1 rm -rf /srv
		flock /tmp/l -c 'rm -rf /srv'
		nice -10 rm -rf /srv
		ionice -c3 nice -n 19 rm -rf /srv
		timeout --signal=KILL 5 rm -rf /srv
		systemd-run rm -rf /srv
		busybox rm -rf /srv
		chronic rm x
		strace -f rm x
		script -c 'rm -rf /srv' /dev/null
		docker run --rm -v /:/h alpine rm -rf /h
		kubectl run x --image=y -- rm -rf /srv
		bash -ce 'rm -rf /srv'
		bash -c -x 'rm -rf /srv'
		bash -xc 'rm -rf /srv'
		zsh -fc 'rm -rf /srv'
		bash -s < x
		python3 -c "import os; os.remove('x')"
		python3 <<'EOF'⏎print(1)⏎EOF
		perl -e 'unlink "x"'
		perl -pi -e 's/a/b/' f
		ruby -e 'puts 1'
		node -e '1'
		php -r 'unlink("x");'
		trap 'rm x' EXIT`)
	classed(t, Read, `
		ls | xargs -r -n1 basename
		sudo -n -u postgres psql -c 'select 1'
		timeout -k 5 10s curl -fsS https://x.example.com
		bash -c 'ls /srv'
		python3 --version`)
}

// TestI45_StrangersWithADeed: of a program that nobody here knows the words for a deed are still words for a deed.
func TestI45_StrangersWithADeed(t *testing.T) {
	classed(t, Destructive, `
		mongosh --eval 'db.dropDatabase()'
		mysqladmin -f drop app
		clickhouse-client -q 'DROP TABLE x'
		cqlsh -e 'DROP KEYSPACE x'
		duckdb a.db 'drop table x'
		pulumi destroy --yes
		podman rm -f web
		velero backup delete x
		restic forget --prune
		pgbackrest --stanza=x restore
		pgbackrest --stanza=x stanza-delete
		wal-g backup-fetch /d LATEST
		litestream restore -o db s3://x
		patronictl failover
		vault operator seal
		etcdctl snapshot restore x
		rclone purge b:
		gsutil rm -r gs://x
		supervisorctl stop all
		nginx -s stop
		rails db:drop
		heroku pg:reset DATABASE
		kafka-topics.sh --delete --topic x
		openssl rand -out /srv/key 32
		apt-get purge -y postgresql
		tar -C / -xf b.tar
		tar xf b.tar
		tar cf x.tar --remove-files a
		wget -O /srv/data.db https://x.example.com
		wget --post-data=x https://x.example.com/failover
		pg_dump -f /srv/data.db app
		echo b > /proc/sysrq-trigger`)
	classed(t, Change, `
		some-tool rand -hex 32
		restic backup /srv --json
		some-tool --format json list
		tar -czf b.tgz x
		tar -xf b.tar -C /backup/check
		pg_dump -f /backup/app.dump app`)
}

// TestI45_SQLAsTheServerReadsIt: strings end where the server ends them, and a function is no reading because it stands in
// a SELECT.
func TestI45_SQLAsTheServerReadsIt(t *testing.T) {
	classed(t, Destructive, `
		sqlite3 a.db 'select 1' 'drop table x'
		sqlite3 a.db 'select 1' -cmd 'drop table x'
		sqlite3 a.db .tables 'drop table x'
		sqlite3 a.db '.shell rm x'
		sqlite3 a.db 'select $$; drop table x; select $$'
		psql app -c "select E'\\''; drop table x; --'"
		psql app -c 'select $$'"'"'$$; drop table x; select $$'"'"'$$'
		psql app -c 'select $$--$$; drop table x'
		psql app -c 'select 1; /* /* */ drop table x; -- */ */'
		psql app -c 'explain analyze delete from users'
		psql app -c 'select pg_wal_replay_resume()'
		psql app -c 'select pg_catalog.pg_reload_conf()'
		psql app -c 'select purge_sessions()'
		psql app -c 'select cron.unschedule(1)'
		psql app -c "select query_to_xml('delete from x returning 1',true,true,'')"
		psql app -c '\o x'
		psql app -c 'select 1 \gexec'
		mysql -e 'select 1 /*!; drop table x */'
		mysql -e "select 'a\\\\' ; drop table x; -- '"
		mysql -e 'drop database x'`)
	classed(t, Change, `
		psql app -c 'select our_own_check()'`)
	classed(t, Read, `
		psql app -c "select 'it''s'; select count(*), max(created_at) from \"drop\" where note in ('a', 'b')"
		psql app -c 'select $$drop table x$$'
		psql app -c 'select pg_is_in_recovery(), pg_size_pretty(pg_database_size(current_database()))'
		psql app -c "select replace(name, 'a', 'b') from users"
		sqlite3 -readonly a.db 'pragma integrity_check' 'select count(*) from users'
		sqlite3 a.db .tables
		mysql -NBe 'show slave status'`)
}

// TestI45_NamesAndCommentsAsEachServerHasThem: what is a name, a quote or a comment differs between servers.
func TestI45_NamesAndCommentsAsEachServerHasThem(t *testing.T) {
	classed(t, Destructive, `
		psql app -c 'select 1 as a$b$; drop table x; --$b$'
		psql app -c 'select 1 as é$q$; drop table x; --$q$'
		sqlite3 q.db "select 1 as [a'b]; drop table x; --']"
		mysql -e "select 5--1; drop table x"
		mysql -e "select 1 #'⏎; drop table x; -- '"
		mysql -e 'system rm -rf /srv'
		psql -c "copy x from stdin"
		psql -c "copy (select 1) to program 'rm x'"
		psql -c '\! rm x'
		psql -c '\dt \! rm x'`)
	classed(t, Read, `
		psql -d app -c '\dt+'
		psql -d app -c '\d users'
		psql -c '\l'
		psql -c '\conninfo'
		psql -c "copy (select 1) to stdout"
		psql app -c "select a[1] from x where b = 'c'"
		mysql -e 'show slave status\G'
		mysql app -e 'describe users'
		mysql -e 'select 1 # a remark'`)
}

// TestI45_ReadingsStayReadings: an approver is not asked for what only looks, wherever it looks.
func TestI45_ReadingsStayReadings(t *testing.T) {
	classed(t, Read, `
		kubectl --context=prod -n web exec web-0 -- cat /etc/hosts
		kubectl -n web exec web-0 -c app -- sh -c 'df -h'
		docker exec db pg_isready
		docker exec -u postgres db psql -c 'select 1'
		docker compose exec -T db pg_isready
		ssh db1 uptime
		ssh -o BatchMode=yes db1 df -h
		ssh db1 'systemctl is-active postgresql'
		for h in a b; do ssh $h uptime; done
		awk '$9 >= 500 {print $1}' access.log
		df -P | awk 'NR>1 && $5+0 > 90'
		awk '/a|b/ || $3 > 80 {n++} END {print n}' f
		echo "SELECT 1" | psql -d app
		psql app <<'SQL'⏎select 1;⏎SQL
		sqlite3 app.db <<'EOF'⏎select 1;⏎EOF
		redis-cli <<< 'DBSIZE'
		kubectl -n x --context c apply --dry-run=server -f x
		helm upgrade web ./chart --dry-run
		rsync -an --delete a/ b/
		patronictl list
		nodetool status
		iptables -L -n
		aws logs tail group
		curl -G --data-urlencode 'query=up' http://prom.example.com/api/v1/query
		pgbackrest --stanza=x info
		zpool status
		etcdctl endpoint health
		tar tf b.tar
		tar -tzf b.tgz
		openssl x509 -noout -enddate -in cert.pem
		ip addr
		ip -s link show
		nproc
		rabbitmqctl list_queues
		nginx -t
		vault status
		restic snapshots
		dpkg -l
		timedatectl
		hostnamectl
		gpg --verify a.sig a
		nc -zv db1 5432
		wget -qO- https://x.example.com
		wget --spider https://x.example.com
		unzip -l a.zip
		gzip -t a.gz`)
	classed(t, Destructive, `
		kubectl --context=prod -n web exec web-0 -- rm -rf /data
		kubectl -n web exec web-0 -- sh -c 'rm -rf /data'
		docker exec db dropdb app
		ssh db1 'sudo systemctl stop x'
		ssh -o ProxyCommand='rm x' db1 uptime
		ssh -L 80:x:80 db1 uptime
		awk '{print > "/srv/x"}' f
		awk '{print $1 | "sh"}' f
		awk '/x/ {printf "%s", $1 >> "f"}' f
		echo 'drop table x' | psql -d app
		psql app <<SQL⏎drop table x;⏎SQL
		psql app <<SQL⏎select $X;⏎SQL
		redis-cli <<< flushall
		bash <(echo rm -rf /d)
		echo 'rm -rf /srv' | at now
		rclone sync a b:
		mc rb --force x
		ip link set eth0 down
		dpkg -P x
		kafka-consumer-groups --reset-offsets --execute
		vault write -f transit/keys/x/rotate
		echo flush_all | nc localhost 11211
		sed s/a/b/ f > f
		jq .x a.json > a.json
		curl -O https://x.example.com/users.db
		curl gopher://redis:6379/_FLUSHALL
		curl -w '%output{/srv/x}' https://x.example.com
		aws s3 cp s3://b/x users.db
		aws s3api get-object --bucket b --key k /srv/data.db
		gsutil cp gs://x users.db
		hostnamectl set-hostname x
		timedatectl set-time 2000-01-01
		iptables -F
		docker compose config -o f`)
}

// TestI45_AFunctionOfTheTeamIsProposedAsAChange: the reviewer may call it a reading where the server holds the step to
// one, and not where nothing does.
func TestI45_AFunctionOfTheTeamIsProposedAsAChange(t *testing.T) {
	const text = "SELECT our_own_check()"
	if got := proposed(SQL, text); got != Change {
		t.Errorf("proposed as %s", got)
	}
	if got := (&Entry{Interpreter: SQL, Run: text, Risk: Read}).EffectiveRisk(); got != Read {
		t.Errorf("in a session that only reads: %s", got)
	}
	if got := (&Entry{Interpreter: Bash, Run: "psql -c '" + text + "'", Risk: Read}).EffectiveRisk(); got != Change {
		t.Errorf("through a client: %s", got)
	}
}

// TestWhatWaitsForAPerson: a session is refused, a command in one line is not one, whatever its options are called.
func TestWhatWaitsForAPerson(t *testing.T) {
	for text, want := range map[string]bool{
		"psql -h db1": true, "psql -d app -Atc 'select 1'": false, "psql -Atqc 'select 1' app": false, "psql -f x.sql": false, "psql < x.sql": false, "psql -l": false,
		"redis-cli": true, "redis-cli -h r1": true, "redis-cli ping": false, "redis-cli -h r1 flushall": false, "redis-cli --scan": false, "echo ping | redis-cli": false,
		"ssh db1\nsystemctl stop x": true, "ssh -p 22 ops@db1": true, "ssh db1 uptime": false, "sudo -i": true, "sudo su - postgres\npsql -c 'drop table x'": true, "su postgres -c 'psql -l'": false,
		"crontab -e": true, "crontab -l": false, "tail -f log": true, "tail -n 5 log": false, "timeout 5 tail -f log": false, "journalctl -fu web": true, "kubectl logs -f web": true,
		"kubectl -n x get pods": false, "kubectl edit deploy x": true, "mysql -uroot app": true, "mysql -e 'select 1'": false, "sqlite3 a.db": true, "sqlite3 a.db .tables": false,
		"bash": true, "bash x.sh": false, "python3": true, "python3 x.py": false, "vim f": true, "top -b -n 1": false, "ping db1": true, "read -p sure? x": true, "ls | while read -r f; do echo $f; done": false, "passwd bob": true, "systemctl edit x": true, "mongosh mongodb://x": true, "mongosh --eval 1": false, "ping -c 3 db1": false,
		"apt-get install x": true, "sudo apt install x": true, "apt-get install -y x": false, "apt-get -yq install x": false, "apt-get -qq install x": false, "apt-get update": false, "dnf upgrade": true, "dnf --assumeyes upgrade": false, "apt list": false,
		"aws ssm start-session --target i-1": true, "aws ssm send-command --document-name x": false,
	} {
		sh, err := readShell(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := sh.interactive(); (got != "") != want {
			t.Errorf("%q: waits %q, expected %v", text, got, want)
		}
	}
}
