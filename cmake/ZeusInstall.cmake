# What `cmake --install` puts in place: the commands, the libraries with their public headers, and the CMake package
# Zeus with the targets Zeus::Zeus (everything) and Zeus::base, Zeus::optimizer, ... (one for each folder).
include(CMakePackageConfigHelpers)

get_property(libraries GLOBAL PROPERTY ZEUS_LIBRARIES)
add_library(zeus_everything INTERFACE)
add_library(Zeus::Zeus ALIAS zeus_everything)
set_target_properties(zeus_everything PROPERTIES EXPORT_NAME Zeus)
target_link_libraries(zeus_everything INTERFACE ${libraries})

install(TARGETS zeus_everything ${libraries} EXPORT ZeusTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET zeus)
  install(TARGETS zeus zeus_monitor_program RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(TARGET zeusd)
    install(TARGETS zeusd RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    install(FILES ${CMAKE_SOURCE_DIR}/apps/zeusd/zeusd.service DESTINATION lib/systemd/system)
    install(FILES ${CMAKE_SOURCE_DIR}/apps/zeusd/grafana.json DESTINATION ${CMAKE_INSTALL_DATADIR}/zeus)
  endif()
endif()
# In a folder of its own: it must never stand in for the real library unasked.
install(TARGETS zeus_emulator_nvml LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/zeus-emulator NAMELINK_SKIP)
install(FILES ${CMAKE_SOURCE_DIR}/emulator/nvml/zeus_emulator.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/zeus)

# Headers that need a third-party one are ours alone; tools/check_layers holds them to these names.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/zeus DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
  FILES_MATCHING PATTERN "*.h" PATTERN "*_json.h" EXCLUDE PATTERN "json_fields.h" EXCLUDE PATTERN "toml_table.h" EXCLUDE)
install(FILES ${CMAKE_BINARY_DIR}/generated/zeus/base/version.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/zeus/base)

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/Zeus)
install(EXPORT ZeusTargets NAMESPACE Zeus:: DESTINATION ${package_folder})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/ZeusConfig.cmake.in ${CMAKE_BINARY_DIR}/generated/ZeusConfig.cmake
  INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(${CMAKE_BINARY_DIR}/generated/ZeusConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/generated/ZeusConfig.cmake ${CMAKE_BINARY_DIR}/generated/ZeusConfigVersion.cmake
  DESTINATION ${package_folder})

# Shell completion, where each shell looks for it, as the program itself tells it.
if(TARGET zeus)
  set(completion ${CMAKE_BINARY_DIR}/generated/completion)
  file(MAKE_DIRECTORY ${completion})
  foreach(shell bash zsh fish)
    install(CODE "execute_process(COMMAND $<TARGET_FILE:zeus> completion ${shell}
      OUTPUT_FILE ${completion}/${shell} COMMAND_ERROR_IS_FATAL ANY)")
  endforeach()
  install(FILES ${completion}/bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME zeus)
  install(FILES ${completion}/zsh DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions RENAME _zeus)
  install(FILES ${completion}/fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d RENAME zeus.fish)
endif()

install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR})

include(${CMAKE_SOURCE_DIR}/packaging/deb.cmake)
