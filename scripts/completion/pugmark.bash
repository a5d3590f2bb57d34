# SPDX-License-Identifier: Apache-2.0
# bash completion for pugmark. Commands and options come from the program's own help, so that they
# are always those of the version in use.
_pugmark_values() # FIELD PREFIX: values that need no quotes
{
	"${COMP_WORDS[0]}" search --values "$1" -- "$2" 2>/dev/null | sed -n 's/^\([[:alnum:]._@/-]*\)\t.*/\1/p'
}

_pugmark()
{
	local cur prev word command="" i
	local fields="event_time actor actor_id action category ip target target_type summary table source"
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case $word in
		--data | --memory | --threads) ((i++)) ;;
		-*) ;;
		*)
			command=$word
			break
			;;
		esac
	done
	COMPREPLY=()
	case $prev in
	--table | --extend)
		COMPREPLY=($(compgen -W "jira confluence bitbucket org alerts" -- "$cur"))
		return
		;;
	--format)
		if [ "$command" = export ]; then
			COMPREPLY=($(compgen -W "parquet ndjson csv" -- "$cur"))
		else
			COMPREPLY=($(compgen -W "table json ndjson csv" -- "$cur"))
		fi
		return
		;;
	--data | --path)
		COMPREPLY=($(compgen -d -- "$cur"))
		return
		;;
	--as)
		COMPREPLY=($(compgen -W "actor target ip" -- "$cur"))
		return
		;;
	--level)
		COMPREPLY=($(compgen -W "informational low medium high critical" -- "$cur"))
		return
		;;
	--role)
		COMPREPLY=($(compgen -W "viewer analyst admin" -- "$cur"))
		return
		;;
	--reason)
		COMPREPLY=($(compgen -W "true-positive false-positive benign duplicate" -- "$cur"))
		return
		;;
	--state)
		if [ "$command" = alerts ]; then
			COMPREPLY=($(compgen -W "open acknowledged closed withdrawn all" -- "$cur"))
		else
			COMPREPLY=($(compgen -f -- "$cur"))
		fi
		return
		;;
	--schema | --output | --query-file | --from | --*-file | --tls-cert | --tls-key | --checkpoint | --key | --witness)
		COMPREPLY=($(compgen -f -- "$cur"))
		return
		;;
	--saved | --delete-saved)
		local IFS=$'\n'
		COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" search --list-saved 2>/dev/null |
			sed 's/  .*//')" -- "$cur"))
		return
		;;
	--columns | --facet | --sort | --values)
		COMPREPLY=($(compgen -W "$fields" -- "$cur"))
		return
		;;
	--after | --save | --memory | --threads | --source | --instance | --node | --since | --until | --limit | \
		--timeout | --keep | --seconds | --every | --max-files | --endpoint | --region | --profile | --role-arn | \
		--external-id | --proxy | --rule | --comment | --by | --url | --to | --server | --sender | --user | --listen | --host | \
		--expires | --connections-per-address | --cluster | --database)
		return
		;;
	esac
	if [[ $cur == -* ]]; then
		COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" help $command 2>/dev/null |
			grep -oE '^  --[a-z-]+')" -- "$cur"))
		return
	fi
	case $command in
	"" | help) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" help --list 2>/dev/null)" -- "$cur")) ;;
	search)
		# A colon ends a word here: `actor:gr` is three of them.
		if [[ $cur == : ]]; then
			COMPREPLY=($(_pugmark_values "$prev" ""))
		elif [[ $prev == : ]]; then
			COMPREPLY=($(_pugmark_values "${COMP_WORDS[COMP_CWORD - 2]}" "$cur"))
		else
			COMPREPLY=($(compgen -S : -W "$fields" -- "$cur"))
			compopt -o nospace
		fi
		;;
	import) COMPREPLY=($(compgen -f -- "$cur")) ;;
	connect) COMPREPLY=($(compgen -W "jira confluence bitbucket s3 bitbucket-dc folder org" -- "$cur")) ;;
	sources)
		case $prev in
		sources) COMPREPLY=($(compgen -W "list test pause resume remove ledger gaps rekey" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" sources --list 2>/dev/null)" -- "$cur")) ;;
		esac
		;;
	user) [ "$prev" = user ] && COMPREPLY=($(compgen -W "list add passwd role disable enable remove" -- "$cur")) ;;
	cluster) [ "$prev" = cluster ] && COMPREPLY=($(compgen -W "status init load off" -- "$cur")) ;;
	token) [ "$prev" = token ] && COMPREPLY=($(compgen -W "list add remove" -- "$cur")) ;;
	hook) [ "$prev" = hook ] && COMPREPLY=($(compgen -W "list add remove" -- "$cur")) ;;
	alerts)
		[ "$prev" = alerts ] && COMPREPLY=($(compgen -W "list show ack close reopen comment export" -- "$cur"))
		;;
	notify)
		case $prev in
		notify) COMPREPLY=($(compgen -W "list add test pause resume remove run" -- "$cur")) ;;
		add) COMPREPLY=($(compgen -W "webhook slack teams syslog mail" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" notify --list 2>/dev/null)" -- "$cur")) ;;
		esac
		;;
	checkpoint)
		case $prev in
		checkpoint) COMPREPLY=($(compgen -W "key folder send witness bucket" -- "$cur")) ;;
		key) COMPREPLY=($(compgen -W "new" -- "$cur")) ;;
		folder) COMPREPLY=($(compgen -d -W "none" -- "$cur")) ;;
		witness) COMPREPLY=($(compgen -W "list add remove" -- "$cur")) ;;
		bucket) COMPREPLY=($(compgen -W "off" -- "$cur")) ;;
		esac
		;;
	collect) COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" sources --list 2>/dev/null)" -- "$cur")) ;;
	backup | restore | ship) COMPREPLY=($(compgen -d -- "$cur")) ;;
	rejects)
		[ "$prev" = rejects ] && COMPREPLY=($(compgen -W "list show retry dismiss" -- "$cur"))
		;;
	schema)
		case $prev in
		schema) COMPREPLY=($(compgen -W "show check infer drift" -- "$cur")) ;;
		show | drift) COMPREPLY=($(compgen -W "jira confluence bitbucket org alerts" -- "$cur")) ;;
		*) COMPREPLY=($(compgen -f -- "$cur")) ;;
		esac
		;;
	rebuild | compact) COMPREPLY=($(compgen -W "jira confluence bitbucket org alerts" -- "$cur")) ;;
	esac
}
complete -o filenames -F _pugmark pugmark
