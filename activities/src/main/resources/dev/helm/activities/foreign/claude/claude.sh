#!/bin/sh
# Starts the runtime, wherever npm put the program of its platform.
lib=/usr/local/lib/node_modules/@anthropic-ai
for program in "$lib"/claude-agent-sdk-linux-*/claude \
  "$lib"/claude-agent-sdk/node_modules/@anthropic-ai/claude-agent-sdk-linux-*/claude; do
  if [ -x "$program" ]; then
    exec "$program" "$@"
  fi
done
echo "the image has no Claude Agent SDK for this machine" >&2
exit 127
