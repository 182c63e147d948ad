# spanflow: build, check, demo, bench, lint, install, dist. Settings come from config.mk, which
# configure writes; `make` configures by itself where that has not been done.

PROGRAM := spanflow
CONTROL := spanflowctl
BUILD := build
LIBRARY := $(BUILD)/libspanflow.a
UNIT_SOURCES := $(wildcard tests/unit/*.c tests/unit/*/*.c)
UNIT_OBJECTS := $(UNIT_SOURCES:%.c=$(BUILD)/%.o)
FUZZERS := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCH_TOOLS := $(addprefix $(BUILD)/tests/bench/,mktraffic measure pcaploop udpsink)
BENCH_STAGES := $(BUILD)/tests/bench/stages
LIVE_TESTS := live links packet xdp control reload overload metrics seal flood
MANUALS := $(wildcard man/*.[578])
DOCUMENTS := README.md BENCHMARKS.md NEWS LICENSE
EXAMPLES := contrib/spanflow.conf contrib/systemd/xdp.conf contrib/prometheus/alerts.yml
DASHBOARDS := $(wildcard contrib/grafana/*.json)

# Targets that need no configuration, or cannot have one before deps.sh has run.
ifneq ($(filter-out check check-package deb demo lint clean distclean,$(or $(MAKECMDGOALS),all)),)
-include config.mk
endif

SOURCES := $(filter-out $(LEFT_OUT) src/$(CONTROL).c,$(wildcard src/*.c src/*/*.c))
OBJECTS := $(SOURCES:src/%.c=$(BUILD)/src/%.o)

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wvla
ALL_CPPFLAGS = -I. -Isrc -DHAVE_CONFIG_H -D_GNU_SOURCE $(LIB_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=gnu11 $(WARNINGS) $(WERROR) $(CFLAGS) $(SANITIZE) -pthread
ALL_LDFLAGS = $(LDFLAGS) $(SANITIZE) -pthread
NO_LTO = $(if $(LTO),-fno-lto)
# The unit tests' library may come after configure has run: it is asked for when it is needed.
CHECK_CFLAGS = $(shell $(PKG_CONFIG) --cflags check)
CHECK_LIBS = $(shell $(PKG_CONFIG) --libs check)

# `make V=1` shows the commands.
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @echo "  $(1)"
endif

.PHONY: all check check-built check-long check-unit check-cross check-integration soak check-package demo \
    bench bench-stages fuzz \
    fuzz-with-libfuzzer fuzz-with-afl $(FUZZERS:%=fuzz-%) lint install uninstall dist deb \
    clean distclean
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# -- configuration -----------------------------------------------------------------------------

config.mk: configure config.mk.in
	./configure -q $(CONFIGURE_FLAGS)

config.h: config.mk
	@touch -c $@

configure: configure.ac
	@command -v autoconf >/dev/null || { \
	    echo "autoconf is missing: contrib/deps.sh build installs what is needed" >&2; exit 1; }
	autoheader
	autoconf

# -- program -----------------------------------------------------------------------------------

$(PROGRAM): $(BUILD)/src/main.o $(LIBRARY)
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LTO) $(ALL_LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/src/$(CONTROL).o: ALL_CPPFLAGS += $(CTL_CFLAGS)

$(CONTROL): $(BUILD)/src/$(CONTROL).o
	$(call say,LD    $@)
	$(Q)$(CC) $(CFLAGS) $(LTO) $(ALL_LDFLAGS) -o $@ $^ $(CTL_LIBS)

$(LIBRARY): $(filter-out $(BUILD)/src/main.o,$(OBJECTS))
	@rm -f $@
	$(Q)$(AR) rcs $@ $^

$(BUILD)/%.o: %.c config.mk | config.h
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/src/%.o: ALL_CFLAGS += $(LTO)

-include $(OBJECTS:.o=.d) $(BUILD)/src/$(CONTROL).d $(UNIT_OBJECTS:.o=.d) $(wildcard $(BUILD)/tests/fuzz/*.d)

# -- tests -------------------------------------------------------------------------------------

$(BUILD)/tests/unit/%.o: ALL_CPPFLAGS += -Itests/unit $(CHECK_CFLAGS)

$(BUILD)/unit: $(UNIT_OBJECTS) $(LIBRARY)
	$(call say,LD    $@)
	$(Q)$(CC) $(NO_LTO) $(ALL_LDFLAGS) -o $@ $^ $(LIBS) $(CHECK_LIBS)

# Installs what the tests need, so that the recipes below find it on a bare machine.
check:
	contrib/deps.sh test
	$(MAKE) --no-print-directory check-built

check-built: all $(BUILD)/unit $(FUZZERS:%=$(BUILD)/tests/fuzz/replay_%) $(BENCH_TOOLS) $(BENCH_STAGES)
	tests/run $(BUILD)

# What make check does a part of: a million messages, every max-payload, 10 million packets sampled,
# foreign captures flow by flow where there are any.
check-long: $(PROGRAM) $(BUILD)/tests/bench/mktraffic
	SPANFLOW_TEST_LONG=1 tests/run $(BUILD) million sizes estimates foreign

# What make check does live, alone, with a flood of a minute, and each event of make soak once. As root.
check-integration: all $(BUILD)/tests/bench/mktraffic
	SPANFLOW_TEST_FLOOD=60 tests/run $(BUILD) $(LIVE_TESTS)
	tests/soak/soak.py --once

# One spanflow, and all that may happen to it in a year, in random order: SOAK_TIME=30m SOAK_SEED=1
SOAK_TIME ?= 5m
soak: all
	tests/soak/soak.py --time $(SOAK_TIME) $(if $(SOAK_SEED),--seed $(SOAK_SEED))

check-unit: $(BUILD)/unit
	$(BUILD)/unit

# What depends on no library, for another processor and under emulation: the decoder, dedup and the whole meter beside
# its reference, by the fuzzers' corpus. s390x has the other byte order, aarch64 vectors of its own (CROSS=aarch64-linux-gnu).
CROSS ?= s390x-linux-gnu
CROSS_REPLAYS := decode dedup pipeline
CROSS_CPPFLAGS = -idirafter /usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)
check-cross:
	$(MAKE) --no-print-directory BUILD=build/$(CROSS) CC=$(CROSS)-gcc LTO= LIBS= CFLAGS=-O2 \
	    CPPFLAGS="$(CROSS_CPPFLAGS)" LDFLAGS="-static -Wl,--unresolved-symbols=ignore-all" \
	    $(CROSS_REPLAYS:%=build/$(CROSS)/tests/fuzz/replay_%)
	for f in $(CROSS_REPLAYS); do \
	    qemu-$(firstword $(subst -, ,$(CROSS))) build/$(CROSS)/tests/fuzz/replay_$$f tests/fuzz/corpus/$$f/* || exit 1; \
	done

# -- fuzzing -----------------------------------------------------------------------------------

# A program FUZZER replays its corpus in make check; make fuzz runs it under libFuzzer, and
# make fuzz FUZZ_WITH=afl makes the same programs for AFL++ and says how to start it.
FUZZ_TIME ?= 60
FUZZ_WITH ?= libfuzzer
FUZZ_BUILD := build/fuzz-$(FUZZ_WITH)
FUZZ_SANITIZE := address,undefined
fuzz_objects = $(patsubst %.c,$(BUILD)/%.o,tests/fuzz/fuzz_$(1).c $(if $(filter pipeline,$(1)),tests/fuzz/reference.c))

$(BUILD)/tests/fuzz/%.o: ALL_CPPFLAGS += -Itests/fuzz

define fuzz_program
$(BUILD)/tests/fuzz/replay_$(1): $(call fuzz_objects,$(1)) $(BUILD)/tests/fuzz/driver.o $(LIBRARY)
	$$(call say,LD    $$@)
	$$(Q)$$(CC) $$(NO_LTO) $$(ALL_LDFLAGS) -o $$@ $$^ $$(LIBS)

$(BUILD)/tests/fuzz/fuzz_$(1): $(call fuzz_objects,$(1)) $(LIBRARY)
	$$(call say,LD    $$@)
	$$(Q)$$(CC) $$(NO_LTO) $$(ALL_LDFLAGS) -fsanitize=fuzzer -o $$@ $$^ $$(LIBS)

fuzz-$(1): $(BUILD)/tests/fuzz/fuzz_$(1)
	@mkdir -p $(BUILD)/found/$(1)
	UBSAN_OPTIONS=halt_on_error=1 $$< -max_total_time=$$(FUZZ_TIME) -max_len=4096 \
	    -dict=tests/fuzz/dictionary -artifact_prefix=$(BUILD)/found/ -print_final_stats=1 \
	    $(BUILD)/found/$(1) tests/fuzz/corpus/$(1)
endef
$(foreach f,$(FUZZERS),$(eval $(call fuzz_program,$(f))))

fuzz: fuzz-with-$(FUZZ_WITH)

fuzz-with-libfuzzer:
	$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=clang CFLAGS="-g -O1" \
	    LTO= \
	    SANITIZE="-fsanitize=$(FUZZ_SANITIZE),fuzzer-no-link" $(FUZZERS:%=fuzz-%)

fuzz-with-afl:
	$(MAKE) --no-print-directory BUILD=$(FUZZ_BUILD) CC=afl-clang-fast CFLAGS="-g -O1" \
	    LTO= \
	    SANITIZE="-fsanitize=$(FUZZ_SANITIZE)" $(FUZZERS:%=$(FUZZ_BUILD)/tests/fuzz/fuzz_%)
	@mkdir -p $(FUZZ_BUILD)/found
	@for f in $(FUZZERS); do \
	    echo "afl-fuzz -i tests/fuzz/corpus/$$f -o $(FUZZ_BUILD)/found/$$f" \
	        "-x tests/fuzz/dictionary $(FUZZ_BUILD)/tests/fuzz/fuzz_$$f"; \
	done

# -- demonstration and benchmark ---------------------------------------------------------------

demo:
	contrib/deps.sh demo
	$(MAKE) --no-print-directory $(PROGRAM)
	contrib/demo.sh

$(BUILD)/tests/bench/%: tests/bench/%.c config.mk | config.h
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(LIBS)

# Linked as the program is, so that the stages are as fast as they are there.
$(BENCH_STAGES): tests/bench/stages.c $(LIBRARY) config.mk | config.h
	@mkdir -p $(@D)
	$(call say,CC    $<)
	$(Q)$(CC) $(ALL_CPPFLAGS) $(ALL_CFLAGS) $(LTO) $(ALL_LDFLAGS) -o $@ $< $(LIBRARY) $(LIBS)

bench: $(PROGRAM) $(BENCH_TOOLS)
	tests/bench/run.sh $(BUILD)/tests/bench ./$(PROGRAM)

bench-stages: $(BENCH_STAGES) $(BENCH_TOOLS)
	tests/bench/stages.sh $(BUILD)/tests/bench

# -- house rules -------------------------------------------------------------------------------

lint:
	tests/lint

# -- packaging ---------------------------------------------------------------------------------

# Files that name directories, or come from the table of options.
MADE := $(BUILD)/share
SERVICES_systemd := $(MADE)/spanflow.service $(MADE)/spanflow@.service
SERVICES_openrc := $(MADE)/spanflow.init
SERVICES_none :=
BASH_COMPLETIONS := $(addprefix $(MADE)/bash/,$(PROGRAM) $(CONTROL))
ZSH_COMPLETIONS := $(addprefix $(MADE)/zsh/_,$(PROGRAM) $(CONTROL))
COMPLETION_SOURCES := contrib/completion/rows.awk src/conf/options.c src/conf/collector_keys.c \
    src/export/element.c src/spanflowctl.c

substitute = sed -e 's|@sbindir@|$(sbindir)|g' -e 's|@sysconfdir@|$(sysconfdir)|g' \
    -e 's|@unit@|$(@F)|g' -e 's|@instance@|$(if $(findstring @,$(@F)),%i,$(PROGRAM))|g'

$(SERVICES_systemd): contrib/systemd/spanflow.service.in config.mk
	@mkdir -p $(@D)
	$(Q)$(substitute) $< >$@

$(SERVICES_openrc): contrib/openrc/spanflow.init.in config.mk
	@mkdir -p $(@D)
	$(Q)$(substitute) $< >$@

$(MADE)/bash/%: contrib/completion/%.bash.in contrib/completion/generate $(COMPLETION_SOURCES)
	@mkdir -p $(@D)
	$(Q)contrib/completion/generate $* bash >$@

$(MADE)/zsh/_%: contrib/completion/%.zsh.in contrib/completion/generate $(COMPLETION_SOURCES)
	@mkdir -p $(@D)
	$(Q)contrib/completion/generate $* zsh >$@

# One row a file: MODE|WHAT|WHERE. man/NAME.8 goes to man8/NAME.8.
into = $(foreach f,$(2),$(1)|$(f)|$(3)/$(notdir $(f)))
INSTALLED = $(call into,755,$(PROGRAM),$(sbindir)) $(call into,755,$(CONTROL),$(bindir)) \
    $(foreach m,$(MANUALS),$(call into,644,$(m),$(mandir)/man$(subst .,,$(suffix $(m))))) \
    $(call into,644,$(DOCUMENTS),$(docdir)) \
    $(call into,644,$(EXAMPLES),$(docdir)/examples) \
    $(call into,644,$(DASHBOARDS),$(docdir)/grafana) \
    $(call into,644,$(BASH_COMPLETIONS),$(bashcompletiondir)) \
    $(call into,644,$(ZSH_COMPLETIONS),$(zshcompletiondir)) \
    $(INSTALLED_$(INIT))
INSTALLED_systemd = $(call into,644,$(SERVICES_systemd),$(systemdsystemunitdir)) \
    644|contrib/systemd/sysusers.conf|$(sysusersdir)/spanflow.conf
INSTALLED_openrc = 755|$(MADE)/spanflow.init|$(sysconfdir)/init.d/spanflow \
    644|contrib/openrc/spanflow.confd|$(sysconfdir)/conf.d/spanflow
# Settings belong to whoever made them: they are put there once, and stay if they were changed.
SETTINGS = $(DESTDIR)$(sysconfdir)/spanflow/spanflow.conf

column = $(word $(1),$(subst |, ,$(2)))

define newline


endef

all: $(PROGRAM) $(CONTROL) $(SERVICES_$(INIT)) $(BASH_COMPLETIONS) $(ZSH_COMPLETIONS)

install: all
	$(foreach f,$(INSTALLED),$(INSTALL) -D -m $(call column,1,$(f)) $(call column,2,$(f)) \
	    "$(DESTDIR)$(call column,3,$(f))"$(newline)	)
	test -e "$(SETTINGS)" || $(INSTALL) -D -m 644 contrib/spanflow.conf "$(SETTINGS)"

uninstall:
	$(foreach f,$(INSTALLED),rm -f "$(DESTDIR)$(call column,3,$(f))"$(newline)	)
	! cmp -s contrib/spanflow.conf "$(SETTINGS)" || rm -f "$(SETTINGS)"
	-rmdir $(addprefix $(DESTDIR),$(docdir)/examples $(if $(DASHBOARDS),$(docdir)/grafana) $(docdir) \
	    $(sysconfdir)/spanflow) 2>/dev/null

# From the files of this checkout as they are; see contrib/debian/build.
deb:
	contrib/deps.sh deb
	contrib/debian/build $(BUILD)/deb

# Installs, upgrades and purges that package in a small Debian of its own. As root.
check-package: deb
	contrib/deps.sh package
	tests/package $(BUILD)/deb

dist: configure
	rm -rf $(BUILD)/$(PROGRAM)-$(VERSION)
	mkdir -p $(BUILD)/$(PROGRAM)-$(VERSION)
	git archive HEAD | tar -x -C $(BUILD)/$(PROGRAM)-$(VERSION)
	cp configure config.h.in $(BUILD)/$(PROGRAM)-$(VERSION)
	tar -czf $(PROGRAM)-$(VERSION).tar.gz -C $(BUILD) $(PROGRAM)-$(VERSION)

clean:
	rm -rf $(BUILD) $(PROGRAM) $(CONTROL)

distclean: clean
	rm -rf configure configure~ config.h config.h.in config.h.in~ config.mk config.log \
	    config.status autom4te.cache
