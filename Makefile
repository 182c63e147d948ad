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
MANUALS := $(wildcard man/*.[578])
DOCUMENTS := README.md BENCHMARKS.md NEWS LICENSE contrib/spanflow.conf

# Targets that need no configuration, or cannot have one before deps.sh has run.
ifneq ($(filter-out check demo lint clean distclean,$(or $(MAKECMDGOALS),all)),)
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

.PHONY: all check check-built check-long check-unit demo bench bench-stages fuzz fuzz-with-libfuzzer \
    fuzz-with-afl $(FUZZERS:%=fuzz-%) lint install uninstall dist clean distclean
.DELETE_ON_ERROR:

all: $(PROGRAM) $(CONTROL)

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

check-built: $(PROGRAM) $(CONTROL) $(BUILD)/unit $(FUZZERS:%=$(BUILD)/tests/fuzz/replay_%) $(BENCH_TOOLS) $(BENCH_STAGES)
	tests/run $(BUILD)

# What make check does a part of: a million messages, every max-payload, 10 million packets sampled,
# foreign captures flow by flow where there are any.
check-long: $(PROGRAM) $(BUILD)/tests/bench/mktraffic
	SPANFLOW_TEST_LONG=1 tests/run $(BUILD) million sizes estimates foreign

check-unit: $(BUILD)/unit
	$(BUILD)/unit

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

# man/NAME.8 goes to man8/NAME.8
installed_manual = $(DESTDIR)$(mandir)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

install: $(PROGRAM) $(CONTROL)
	$(INSTALL) -d $(DESTDIR)$(sbindir) $(DESTDIR)$(bindir) $(DESTDIR)$(docdir)
	$(INSTALL) -m 755 $(CONTROL) $(DESTDIR)$(bindir)/$(CONTROL)
	$(INSTALL) -m 755 $(PROGRAM) $(DESTDIR)$(sbindir)/$(PROGRAM)
	$(foreach m,$(MANUALS),$(INSTALL) -D -m 644 $(m) $(call installed_manual,$(m)) &&) true
	$(INSTALL) -m 644 $(DOCUMENTS) $(DESTDIR)$(docdir)

uninstall:
	rm -f $(DESTDIR)$(sbindir)/$(PROGRAM) $(DESTDIR)$(bindir)/$(CONTROL)
	rm -f $(foreach m,$(MANUALS),$(call installed_manual,$(m)))
	rm -f $(addprefix $(DESTDIR)$(docdir)/,$(notdir $(DOCUMENTS)))
	-rmdir $(DESTDIR)$(docdir)

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
