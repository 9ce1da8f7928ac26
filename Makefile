# `make help` lists the targets. Everything that is compiled goes to $(BUILD).

BUILD ?= build
CXXFLAGS ?= -O2 -g
# Warnings are errors, as in nginx's own build; WERROR=0 for compilers that we have not met.
WERROR ?= 1
# SANITIZE=address,undefined builds all products and tests with sanitizers (see `make sanitize`).
SANITIZE ?=
PREFIX ?= /usr
# nginx's own prefix (`nginx -V`): conf/docs.conf looks for api-page/ there.
DATA_DIR ?= $(PREFIX)/share/nginx
MODULES_DIR ?= $(PREFIX)/lib/nginx/modules
CONF_DIR ?= /etc/nginx
# Files in t/ that `make test` runs; all of them, and tests/ before them, when unset.
TESTS ?=
export BUILD

ifeq ($(MAKELEVEL),0)
  MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-print-directory
ifneq ($(V),1)
  quiet = @printf '  %-7s %s\n' $(1) $(2);
endif

# ---- flags ----------------------------------------------------------------------------------------

CCACHE := $(shell command -v ccache 2>/dev/null)

warnings := -Wall -Wextra -Wshadow -Wconditionally-supported -Wnon-virtual-dtor -Woverloaded-virtual \
  -Wno-missing-field-initializers $(if $(filter 1,$(WERROR)),-Werror)
sanitize_flags := $(if $(SANITIZE),-fsanitize=$(SANITIZE) -fno-omit-frame-pointer \
  -fno-sanitize-recover=undefined)
hardening := -fstack-protector-strong -D_FORTIFY_SOURCE=2
# No product knows the path that it was built in, so that build/ may be moved with the tree.
map_root := -ffile-prefix-map="$(CURDIR)"=.

all_cxxflags = -std=c++20 $(warnings) -fvisibility=hidden -I. -I$(BUILD) -MMD -MP $(map_root) \
  $(hardening) $(CXXFLAGS) $(sanitize_flags)
all_ldflags = -Wl,-z,relro,-z,now -Wl,--as-needed $(sanitize_flags) $(LDFLAGS)
libraries := -l:libhiredis.a -levent_core -levent_extra -lcurl -ljansson -lcrypto -pthread -lprometheus-cpp-core
# The catalogue's, for what has it: shared/sql, the worker and notifyctl.
libraries += -lsoci_sqlite3 -lsoci_postgresql -lsoci_core -lpq

compile = $(CCACHE) $(CXX) $(all_cxxflags) -c -o $@ $<
link = $(CXX) $(all_ldflags) -o $@ $^ $(libraries)

# ---- files: a new .cpp file is picked up by where it stands ---------------------------------------

sources = $(shell find $(wildcard $(1)) -name '*.cpp' 2>/dev/null | LC_ALL=C sort)
objects = $(patsubst %.cpp,$(BUILD)/obj/%.o,$(1))

# What nginx's makefile compiles, all of shared/ and of the module, stands in one folder per last
# folder of the source.
nginx_object = $(BUILD)/nginx/objs/addon/$(notdir $(patsubst %/,%,$(dir $(1))))/$(notdir $(1:.cpp=.o))
nginx_objects = $(foreach source,$(1),$(call nginx_object,$(source)))

# The module has nothing to do with SQL, and lives in nginx's loop: these folders of shared/ are for
# the worker and notifyctl.
sql_sources := $(call sources,shared/sql)
process_sources := $(call sources,shared/process)
shared_sources := $(filter-out $(sql_sources) $(process_sources),$(call sources,shared))
module_sources := $(call sources,ngx_notify_module)
# What of the module knows nothing of nginx, folders and single files: tests/ uses it without nginx.
pure_sources := $(filter $(addprefix ngx_notify_module/,base/% wire/% websocket/% hub/% queue/% \
  transport/commands.cpp upstream/queue_replies.cpp upstream/owed_names.cpp),$(module_sources))
worker_sources := $(call sources,worker)
ctl_sources := $(call sources,ctl)
test_sources := $(wildcard tests/*.cpp)
bench_sources := $(wildcard bench/*.cpp)

shared_objects := $(call nginx_objects,$(shared_sources))
pure_objects := $(call nginx_objects,$(pure_sources))
sql_objects := $(call objects,$(sql_sources))
process_objects := $(call objects,$(process_sources))
libpq_includes := -isystem /usr/include/postgresql
worker_objects := $(call objects,$(filter-out worker/main.cpp,$(worker_sources)))
ctl_objects := $(call objects,$(filter-out ctl/main.cpp,$(ctl_sources)))
all_objects := $(call objects,$(sql_sources) $(process_sources) $(worker_sources) $(ctl_sources) \
  $(test_sources) $(bench_sources))
tests := $(test_sources:%.cpp=$(BUILD)/%)
# Clients that put the products under load: for `make bench`, and for the stress tests in t/.
loads := $(bench_sources:%.cpp=$(BUILD)/%)
benchmark = $(firstword $(wildcard bench/$(BENCH).sh bench/$(BENCH).pl))
products := $(addprefix $(BUILD)/,ngx_http_notify_module.so notify-worker notifyctl)

.PHONY: help build tests api-page run start stop restart status test bench check tidy check-layers sanitize \
  install clean packages nginx-tree shared up-to-date built-ctl FORCE
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
.SECONDARY:

help:
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16

# ---- compiling ------------------------------------------------------------------------------------

build: $(products) $(BUILD)/api-page/openapi.json ## the module, the worker and notifyctl, in build/
	@mv $(BUILD)/building-from $(BUILD)/built-from

# The digest is taken before the first source is read, and counts once all is built.
$(products): | $(BUILD)/building-from
$(BUILD)/building-from: FORCE
	@mkdir -p $(@D)
	@rm -f $(BUILD)/built-from
	@scripts/source-hash >$@

packages:
	@scripts/install-packages build

# nginx's own makefile builds the module, as `config` and `config.make` tell it; the worker,
# notifyctl and the tests share its objects of shared/.
nginx_make = $(MAKE) $(if $(quiet),-s NOTIFY_QUIET=1) -C $(BUILD)/nginx -f objs/Makefile \
  CC='$(strip $(CCACHE) $(CC) $(map_root))' LINK='$(CC) $(sanitize_flags)' \
  NOTIFY_CXXFLAGS='$(sanitize_flags) $(if $(filter 1,$(WERROR)),,-Wno-error)'

nginx-tree: | packages
	@scripts/configure-nginx $(BUILD)/nginx

shared: nginx-tree
	+@$(nginx_make) $(patsubst $(BUILD)/nginx/%,%,$(shared_objects) $(pure_objects))
$(shared_objects) $(pure_objects): shared ;

# The linker allows a shared object to lack what nginx brings; what is ours must be there. The copy
# replaces the file: an nginx that runs keeps the one that it has mapped.
$(BUILD)/ngx_http_notify_module.so: shared
	+@$(nginx_make) modules
	@! nm -DC --undefined-only $(BUILD)/nginx/objs/$(@F) | grep ' notify::'
	@cmp -s $(BUILD)/nginx/objs/$(@F) $@ || install -m 755 $(BUILD)/nginx/objs/$(@F) $@

$(call nginx_objects,$(filter-out $(pure_sources),$(module_sources))): \
  $(BUILD)/ngx_http_notify_module.so ;

$(BUILD)/notify-worker: $(BUILD)/obj/worker/main.o $(addprefix $(BUILD)/obj/,worker.a sql.a \
    process.a shared.a)
	$(call quiet,LINK,$@)$(link)

$(BUILD)/notifyctl: $(BUILD)/obj/ctl/main.o $(addprefix $(BUILD)/obj/,ctl.a sql.a process.a \
    shared.a)
	$(call quiet,LINK,$@)$(link)

tests: $(tests) $(loads)

$(tests): $(BUILD)/tests/%: $(BUILD)/obj/tests/%.o $(addprefix $(BUILD)/obj/,pure.a worker.a ctl.a \
    sql.a process.a shared.a)
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(link) $(shell pkg-config --libs check)

$(loads): $(BUILD)/bench/%: $(BUILD)/obj/bench/%.o
	@mkdir -p $(@D)
	$(call quiet,LINK,$@)$(link)

$(BUILD)/obj/shared.a: $(shared_objects)
$(BUILD)/obj/pure.a: $(pure_objects)
$(BUILD)/obj/sql.a: $(sql_objects)
$(BUILD)/obj/process.a: $(process_objects)
$(BUILD)/obj/worker.a: $(worker_objects)
$(BUILD)/obj/ctl.a: $(ctl_objects)
$(BUILD)/obj/%.a: $(BUILD)/obj/%.list
	$(call quiet,AR,$@)rm -f $@ && ar rcs $@ $(filter %.o,$^)

# Changes when a file of the archive comes or goes.
$(BUILD)/obj/%.list: FORCE
	@mkdir -p $(@D)
	@echo $($*_objects) | cmp -s - $@ || echo $($*_objects) >$@

$(all_objects): $(BUILD)/obj/%.o: %.cpp $(BUILD)/obj/flags | packages
	@mkdir -p $(@D)
	$(call quiet,CXX,$@)$(compile)

# What is not worth optimising: tests, and CLI11's templates in the two files that read arguments.
$(call objects,$(test_sources) ctl/main.cpp worker/settings/config.cpp): private CXXFLAGS += -O1 -g1

$(sql_objects): private override CXXFLAGS += $(libpq_includes)

# Changes when the flags do, so that WERROR or SANITIZE never mix in one folder.
$(BUILD)/obj/flags: FORCE
	@mkdir -p $(@D)
	@echo '$(subst $(map_root),,$(all_cxxflags))' | cmp -s - $@ || \
	  echo '$(subst $(map_root),,$(all_cxxflags))' >$@

-include $(all_objects:.o=.d)

# ---- the page at /docs ----------------------------------------------------------------------------

$(BUILD)/api-page/openapi.json: docs/openapi.yaml scripts/make-api-page scripts/install-swagger-ui \
    package-lock.json $(wildcard api-page/*) | packages
	$(call quiet,PAGE,$(@D))scripts/install-swagger-ui $(@D) --optional
	@scripts/make-api-page $(@D)

api-page: packages ## Swagger UI for the page at /docs, by npm; then make restart
	@scripts/install-packages page
	@scripts/install-swagger-ui $(BUILD)/api-page
	@scripts/make-api-page $(BUILD)/api-page

# ---- running --------------------------------------------------------------------------------------

# Decided by content: in a copied tree the times of files say nothing.
up-to-date:
	@scripts/install-packages build run
	@scripts/is-built || flock Makefile $(MAKE) build

run: up-to-date ## install packages, build, start everything in the foreground; ends on Ctrl-C
	@$(BUILD)/notifyctl up

start: up-to-date ## the same in the background; returns once all answer
	@$(BUILD)/notifyctl up --detach

# What runs may be asked for and ended without a build. Where notifyctl has been removed since then it
# is built again; where nothing was ever built or run, there is nothing to ask.
never_ran = { test ! -x $(BUILD)/notifyctl && test ! -e .env && test ! -e "$${RUN_DIR:-run}"; }

built-ctl:
	@test -x $(BUILD)/notifyctl || $(never_ran) || $(MAKE) up-to-date

stop: built-ctl ## stop what runs from RUN_DIR
	@if $(never_ran); then echo 'nothing runs: nothing is built'; else $(BUILD)/notifyctl down; fi

restart: stop ## stop, then start
	@$(MAKE) start

status: built-ctl ## what runs from RUN_DIR; fails when it is not all
	@if $(never_ran); then echo 'nothing runs: nothing is built'; exit 3; fi; $(BUILD)/notifyctl status

# ---- proving --------------------------------------------------------------------------------------

test: ## all tests; TESTS=t/foo.t for some
	@scripts/install-packages test run
	@$(MAKE) build tests
	@scripts/test --build $(BUILD) $(TESTS)

bench: ## one benchmark; BENCH=auth names it (bench/auth.sh)
	@scripts/install-packages bench test run
	@$(MAKE) build $(loads)
	@test -n '$(benchmark)' || { echo "BENCH: one of $(notdir $(basename \
	  $(filter-out bench/lib.sh,$(wildcard bench/*.sh bench/*.pl))))" >&2; exit 2; }
	@NOTIFY_BUILD_DIR=$(BUILD) ./$(benchmark)

check: ## format, static analysis, layers, shell, warnings as errors
	@scripts/install-packages check
	@$(MAKE) WERROR=1 build tests
	+@scripts/check

# clang-tidy, once per content: a file is looked at again when its object has been compiled again.
nginx_includes := $(addprefix -isystem /usr/share/nginx/src/src/,core event event/modules os/unix http \
  http/modules http/v2) -isystem $(BUILD)/nginx/objs $(libpq_includes)
tidied = $(patsubst %.cpp,$(BUILD)/tidy/%.ok,$(1))
all_sources := $(shared_sources) $(sql_sources) $(process_sources) $(module_sources) \
  $(worker_sources) $(ctl_sources) $(test_sources) $(bench_sources)

tidy: $(call tidied,$(all_sources)) ## clang-tidy alone

object_of = $(if $(filter shared/sql/% shared/process/% worker/% ctl/% tests/% bench/%,$(1)),\
  $(call objects,$(1)),$(call nginx_object,$(1)))
$(foreach source,$(all_sources),\
  $(eval $(call tidied,$(source)): $(call object_of,$(source))))
$(call tidied,$(all_sources)): $(BUILD)/tidy/%.ok: %.cpp .clang-tidy
	@mkdir -p $(@D)
	$(call quiet,TIDY,$<)clang-tidy --quiet $< -- -std=c++20 -I. $(nginx_includes) 2>$@.log || \
	  { grep -v 'warnings generated' $@.log; exit 1; }
	@rm -f $@.log && touch $@
$(call tidied,$(test_sources)): tests/.clang-tidy

check-layers: ## who may include whom
	@scripts/check-layers

# gcc 12 warns of what is not there when it sanitizes (-Wrestrict): no errors of warnings here.
sanitize: ## unit tests, and products in build/sanitize, with address and undefined sanitizers
	@scripts/install-packages test run
	@$(MAKE) BUILD=build/sanitize SANITIZE=address,undefined WERROR=0 build tests
	@scripts/test --build build/sanitize --units

# ---- installing -----------------------------------------------------------------------------------

install: build ## into $(DESTDIR)$(PREFIX), beside an existing nginx
	install -d $(DESTDIR)$(MODULES_DIR) $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(CONF_DIR)/conf
	install -m 755 $(BUILD)/notify-worker $(BUILD)/notifyctl $(DESTDIR)$(PREFIX)/bin/
	install -m 644 $(BUILD)/ngx_http_notify_module.so $(DESTDIR)$(MODULES_DIR)/
	install -d $(DESTDIR)$(DATA_DIR)/api-page
	install -m 644 $(BUILD)/api-page/[!.]* $(DESTDIR)$(DATA_DIR)/api-page/
	@for file in conf/*; do \
	  scripts/install-conf $$file $(DESTDIR)$(CONF_DIR)/$$file || exit; \
	done

clean: ## remove what was compiled
	rm -rf $(BUILD)
