# Appends to nginx's objs/Makefile what it has no variables for: flags for our C++ files, the Lua
# scripts as a header, and dependencies on headers. See config.

notify_objs=`echo "$NOTIFY_SRCS" | sed -e "s#^.*/\([^/]*/[^/]*\)\.cpp\\$#$NGX_OBJS/addon/\1.o#"`

cat << END                                                    >> $NGX_MAKEFILE

NOTIFY_OBJS = `echo $notify_objs`

NOTIFY_SCRIPTS = \$(wildcard $ngx_addon_dir/shared/redis/scripts/*.lua)

\$(NOTIFY_OBJS): CFLAGS += -std=c++20 -fvisibility=hidden -fvisibility-inlines-hidden \\
	-Wextra -Wshadow -Wno-missing-field-initializers -Wconditionally-supported \\
	-MMD -MP \$(NOTIFY_CXXFLAGS) \$(if \$(NOTIFY_QUIET),\$(info \$()  CXX     \$@))

\$(NOTIFY_OBJS): | $NGX_OBJS/gen/scripts.hpp

$NGX_OBJS/gen/scripts.hpp: \$(NOTIFY_SCRIPTS) $ngx_addon_dir/scripts/embed-lua
	$ngx_addon_dir/scripts/embed-lua \$(NOTIFY_SCRIPTS) > \$@.tmp
	mv \$@.tmp \$@

$NGX_OBJS/ngx_http_notify_module.so: $ngx_addon_dir/ngx_notify_module/exports.map

-include \$(NOTIFY_OBJS:.o=.d)

END

mkdir -p $NGX_OBJS/gen
