#!/usr/bin/env bash
# Set everything up, sample the posterior of a real catchment, and run the blog post's experiment.
# The truncated variants run with few draws: each of theirs costs up to 1023 leapfrog steps.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/setup.sh"
set_up
cd "$root"

echo
echo "The posterior of a real catchment: gr4jstan fit example -o output/example"
code=0
"$venv/bin/gr4jstan" fit example -o output/example --seed 1 --force || code=$?
# 3 is "not converged": said by the command, and no reason to skip the rest
((code == 0 || code == 3)) || exit "$code"

echo
echo "The blog post's experiment: gr4jstan compare -o output/comparison --truncated-draws 100"
"$venv/bin/gr4jstan" compare -o output/comparison --truncated-draws 100 --seed 1 --force

cat <<TEXT

Where to look, in $root/output:
  example/report.html              what was fitted, and whether to trust it
  example/summary.csv              the posterior in numbers
  example/diagnostics.json         whether to trust it
  comparison/execution_time.png    the four figures of the post ...
  comparison/posterior_x1.png
  comparison/energy.png
  comparison/tree_depth.png
  comparison/comparison.md         ... and the table, with what it says
TEXT
exit "$code"
