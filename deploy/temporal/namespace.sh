#!/bin/sh
# Creates the namespace unless it is there. The server and the names come from TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE.
# Retention is how long the UI keeps closed cases; the ledger keeps them for good.
set -eu

if temporal operator namespace describe --namespace "${TEMPORAL_NAMESPACE}" >/dev/null 2>&1; then
  echo "namespace ${TEMPORAL_NAMESPACE}: there already"
else
  temporal operator namespace create --namespace "${TEMPORAL_NAMESPACE}" --retention "${NAMESPACE_RETENTION}"
fi
