# SPDX-License-Identifier: BSD-2-Clause
#
# The short way to everything. `make demo` and `make test` each do all by themselves on a
# bare Debian 12: install what is missing (as root), build, and do their job.

BUILD   ?= build
MESON   ?= meson
DESTDIR ?=
PREFIX  ?= /usr/local

# A terminal has one line that moves on. Elsewhere it would be hundreds: what goes wrong is enough,
# where ninja knows how (1.11).
all: $(BUILD)/build.ninja
	@if [ -t 1 ] || ! ninja --help 2>&1 | grep -q -e --quiet; then ninja -C $(BUILD); \
	else echo "building in $(BUILD)"; ninja --quiet -C $(BUILD); fi

$(BUILD)/build.ninja:
	@tools/install-packages build
	@$(MESON) setup $(BUILD) --prefix=$(PREFIX) >/dev/null || \
		{ tail -n 20 $(BUILD)/meson-logs/meson-log.txt >&2; exit 1; }

demo:
	@tools/install-packages build demo
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 tests/e2e/demo.py

test:
	@tools/install-packages build test
	@$(MAKE) --no-print-directory all
	@tests/run

bench:
	@tools/install-packages build bench
	@$(MAKE) --no-print-directory all
	@/usr/bin/python3 bench/run $(BENCH)

fuzz:
	@tools/install-packages build lint
	@fuzz/run $(FUZZ)

check: all
	@tools/install-packages lint
	@tools/check

# a PREFIX that is given counts, also if the build was set up with another
install: $(BUILD)/build.ninja
	@$(if $(filter file,$(origin PREFIX)),,$(MESON) configure $(BUILD) --prefix=$(PREFIX))
	@$(MAKE) --no-print-directory all
	@DESTDIR=$(abspath $(DESTDIR)) $(MESON) install -C $(BUILD) --no-rebuild

# what the last install put there, and nothing else: no settings, no state, no lines in Exim
uninstall:
	@ninja --quiet -C $(BUILD) uninstall

clean:
	@rm -rf $(BUILD)

.PHONY: all demo test bench fuzz check install uninstall clean
