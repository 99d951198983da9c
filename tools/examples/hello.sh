#!/bin/sh
halp get chat | while read -r _ host port; do echo "$host $port"; done
