# What `cmake --install` puts where, and the Debian package made of it:
#
#   cmake --preset package && cmake --build --preset package
#   cpack --preset package
include(GNUInstallDirs)

set(PEAL_UNIT_DIR /lib/systemd/system CACHE PATH "Where systemd finds units")
set(PEAL_MAINTAINER "Peal maintainers <maintainers@peal.invalid>" CACHE STRING
    "Who answers for the package")
set(generated ${PROJECT_BINARY_DIR}/debian)

# The source files are for a copy below /usr/local and a server without pages.
file(READ ${PROJECT_SOURCE_DIR}/conf/debian/peal.json text)
string(REPLACE "/usr/share" "${CMAKE_INSTALL_FULL_DATADIR}" text "${text}")
file(WRITE ${generated}/peal.json "${text}")
file(READ ${PROJECT_SOURCE_DIR}/conf/peal.service text)
string(REGEX REPLACE "^.*\n(\\[Unit\\])" "\\1" text "${text}")
string(REPLACE "/usr/local/bin" "${CMAKE_INSTALL_FULL_BINDIR}" text "${text}")
file(WRITE ${generated}/peal.service "${text}")
foreach(page conf/peal.1 CHANGELOG.md)
  get_filename_component(name ${page} NAME)
  string(REPLACE CHANGELOG.md changelog name ${name})
  execute_process(COMMAND gzip -9nc ${PROJECT_SOURCE_DIR}/${page}
                  OUTPUT_FILE ${generated}/${name}.gz
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  conf/debian/peal.json conf/peal.service conf/peal.1 CHANGELOG.md)

install(TARGETS peal RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY web/ DESTINATION ${CMAKE_INSTALL_DATADIR}/peal/web
  FILES_MATCHING PATTERN *.js PATTERN *.css PATTERN *.html PATTERN *.svg
                 PATTERN *.d.ts PATTERN openapi.json
                 REGEX "/vendor/.*/LICENSE$"
                 PATTERN dist EXCLUDE PATTERN build.js EXCLUDE
  # for applications that are built
  REGEX "/web/(bindings|examples|react|vue)$" EXCLUDE)
# it may come to hold secrets; one that somebody has written stays
install(CODE "
if(NOT \"\$ENV{DESTDIR}\" STREQUAL \"\" OR NOT EXISTS /etc/peal/peal.json)
  file(INSTALL ${generated}/peal.json DESTINATION /etc/peal
       PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ)
endif()")
install(DIRECTORY DESTINATION /etc/peal/conf.d
        DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE
                              GROUP_READ GROUP_EXECUTE)
install(FILES conf/peal.json DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peal)
install(FILES ${generated}/peal.service DESTINATION ${PEAL_UNIT_DIR})
install(FILES ${generated}/peal.1.gz
        DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES conf/completion.bash RENAME peal
        DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES conf/completion.zsh RENAME _peal
        DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES conf/completion.fish RENAME peal.fish
        DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES LICENSE RENAME copyright
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peal)
# the program has fingerprints made from Django's list
install(FILES server/accounts/common_passwords_license.txt
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peal)
install(FILES ${generated}/changelog.gz
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peal)

# the pages lie as in the sources, so that their links hold
foreach(page README.md conf/README.md server/SECURITY.md web/README.md)
  get_filename_component(folder ${page} DIRECTORY)
  install(FILES ${page} DESTINATION
          ${CMAKE_INSTALL_DATADIR}/doc/peal/${folder})
endforeach()
install(DIRECTORY protocols/ DESTINATION
        ${CMAKE_INSTALL_DATADIR}/doc/peal/protocols
        FILES_MATCHING PATTERN *.md PATTERN peal EXCLUDE PATTERN pusher EXCLUDE)
install(FILES conf/alerts.yml conf/grafana.json conf/prometheus.yml
              conf/cluster/nginx.conf conf/cluster/haproxy.cfg
        DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/peal/examples)

set(CPACK_GENERATOR DEB)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "real-time WebSocket server")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Channels with history, recovery of what was missed, presence and direct
messages for browsers and programs, over WebSocket. Backends publish over
HTTP. Several instances become one service through Redis.")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "${PEAL_MAINTAINER}")
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
# libwebsockets loads the second one by itself, where no linker sees it
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, libwebsockets-evlib-uv")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# whom an https:// application, or a rediss:// Redis, is trusted by
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "redis-server | valkey-server, postgresql, nginx | haproxy")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(name conffiles postinst prerm postrm)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
       ${CMAKE_CURRENT_LIST_DIR}/${name})
endforeach()
include(CPack)
