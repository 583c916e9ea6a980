#!/bin/sh
# Makes the namespace of our processes, unless it exists. TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE say where.
set -eu

# How long the history of an ended process can still be looked at; the ledger keeps its own timeline for ever.
RETENTION=30d

attempts_left=60
until temporal operator cluster health >/dev/null 2>&1; do
	attempts_left=$((attempts_left - 1))
	if [ "$attempts_left" -eq 0 ]; then
		echo "Temporal at $TEMPORAL_ADDRESS does not answer" >&2
		exit 1
	fi
	sleep 2
done

if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
	echo "the namespace $TEMPORAL_NAMESPACE exists"
else
	temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
fi
