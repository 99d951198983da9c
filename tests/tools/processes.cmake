# Tests that start real programs as a user starts them.
halp_test(halp_process_test
  halp/halp_process_test.cc
  halp/halp_support.cc
  halp/scripted_server.cc
  LINK halp_parts
  LABEL process-socket
)
target_compile_definitions(halp_process_test PRIVATE HALP_PROGRAM="$<TARGET_FILE:halp>")
add_dependencies(halp_process_test halp halpd)

add_library(halp_process_testing STATIC
  daemon_process.cc
  ${PROJECT_SOURCE_DIR}/tools/bench/blocking_client.cc
  ${PROJECT_SOURCE_DIR}/tools/bench/proc_stats.cc
)
target_link_libraries(halp_process_testing PUBLIC halp_parts GTest::gtest)
target_compile_definitions(halp_process_testing PUBLIC
  HALPD_BINARY="$<TARGET_FILE:halpd>" HALP_BINARY="$<TARGET_FILE:halp>")
add_dependencies(halp_process_testing halp halpd)
find_program(HALP_PYTHON python3 PATHS /usr/bin NO_DEFAULT_PATH)
find_program(HALP_PYTHON python3 REQUIRED)
halp_test(process_test
  halpd/cache_sharing_test.cc
  halpd/crash_test.cc
  halpd/daemon_life_test.cc
  halpd/hostile_client_test.cc
  halpd/http_process_test.cc
  halpd/swarm_process_test.cc
  halpd/text_golden_test.cc
  LINK halp_process_testing
  LABEL process-socket
  TIMEOUT 300
)
target_compile_definitions(process_test PRIVATE
  HALP_PYTHON="${HALP_PYTHON}" HALP_TEST_CERTIFICATES="${PROJECT_SOURCE_DIR}/tests/data/tls")
halp_test(libhalp_test libhalp/libhalp_test.cc LINK libhalp halp_process_testing LABEL process-socket)
target_compile_definitions(libhalp_test PRIVATE HALP_NM="${CMAKE_NM}" HALP_LIBRARY="$<TARGET_FILE:libhalp>"
  HALP_SYMBOLS="${PROJECT_SOURCE_DIR}/tools/libhalp/libhalp.symbols")
if(HALP_BENCH)  # it is about every program
  halp_test(full_output_test full_output_test.cc LINK halp_process_testing halp_dht_testing LABEL process-socket)
  target_compile_definitions(full_output_test PRIVATE
    HALP_SIM_BINARY="$<TARGET_FILE:halp-sim>" HALP_BENCH_BINARY="$<TARGET_FILE:halp-bench>")
  add_dependencies(full_output_test halp-sim halp-bench)
endif()
halp_test(terminal_test terminal_test.cc LINK halp_process_testing LABEL process-socket)
target_compile_definitions(terminal_test PRIVATE HALP_SIM_BINARY="$<TARGET_FILE:halp-sim>")
add_dependencies(terminal_test halp-sim)
halp_test(dns_server_test halpd/dns_server_test.cc halpd/service_keeper_test.cc LINK halp_process_testing LABEL process-socket)
halp_test(few_files_test halpd/few_files_test.cc LINK halp_process_testing halp_dht_testing LABEL process-socket)
halp_test(dht_verbs_test
  halp/dht/dht_cover_test.cc
  halp/dht/dht_dump_test.cc
  halp/dht/dht_keys_test.cc
  halp/dht/dht_legacy_verbs_test.cc
  halp/dht/dht_verbs_test.cc
  halp/store/store_verbs_test.cc
  halpd/dht_start_test.cc
  LINK halp_process_testing halp_dht_testing nlohmann_json::nlohmann_json
  LABEL process-socket
  TIMEOUT 300
)
target_compile_definitions(dht_verbs_test PRIVATE HALP_TEST_DATA="${PROJECT_SOURCE_DIR}/tests/data")
halp_test(dht_redistribution_process_test
  halpd/dht_auto_range_process_test.cc
  halpd/dht_redistribution_process_test.cc
  LINK halp_process_testing halp_dht_testing halp_dht_libevent
  LABEL process-socket
  TIMEOUT 300
)
halp_test(dht_daemon_test
  halpd/dht_daemon_test.cc
  halpd/dht_legacy_test.cc
  halpd/dht_malformed_test.cc
  halpd/dht_statistics_test.cc
  halpd/dht_threads_test.cc
  LINK halp_process_testing halp_dht_testing nlohmann_json::nlohmann_json
  LABEL process-socket
  TIMEOUT 300
)
halp_test(dht_conformance_run_test
  halp/dht/dht_conformance_test.cc
  halp/dht/dht_node_under_test_test.cc
  LINK halp_process_testing nlohmann_json::nlohmann_json
  LABEL process-socket
  TIMEOUT 300
)
halp_test(partition_test
  halpd/link_local_test.cc
  halpd/partition_test.cc
  LINK halp_process_testing
  LABEL process-socket-netns
  TIMEOUT 300
)
halp_test(swarm_size_test halpd/swarm_size_test.cc LINK halp_process_testing LABEL process-socket-long TIMEOUT 300)

# Python 3 with jsonschema, as Debian has them: a reader of another language. Without them the test fails.
halp_test(installation_test
  halpd/activation_test.cc
  packaging/installation_test.cc
  LINK halp_process_testing
  LABEL process-socket
)
target_compile_definitions(installation_test PRIVATE
  HALP_BUILD_DIR="${PROJECT_BINARY_DIR}" HALP_CMAKE="${CMAKE_COMMAND}" HALP_PYTHON="${HALP_PYTHON}")
add_dependencies(installation_test halp-sim)
halp_test(machine_formats_test
  schemas/machine_formats_test.cc
  schemas/stranger_costs_test.cc
  halp-sim/interrupted_test.cc
  halp-sim/sim_program_test.cc
  LINK halp_process_testing
  LABEL process-socket
  TIMEOUT 300
)
target_compile_definitions(machine_formats_test PRIVATE
  HALP_SIM_BINARY="$<TARGET_FILE:halp-sim>" HALP_PYTHON="${HALP_PYTHON}" HALP_SCHEMAS="${PROJECT_SOURCE_DIR}/tools/schemas"
  HALP_OUTPUT_CHECKER="${CMAKE_CURRENT_SOURCE_DIR}/schemas/check_outputs.py")
add_dependencies(machine_formats_test halp-sim)
if(TARGET halp-sim-mpi)
  add_dependencies(machine_formats_test halp-sim-mpi)
endif()
if(HALP_BENCH)
  target_compile_definitions(machine_formats_test PRIVATE HALP_BENCH_BINARY="$<TARGET_FILE:halp-bench>")
  add_dependencies(machine_formats_test halp-bench)
endif()

# Every command of the manual's pages, on machines made of network namespaces.
foreach(page operator developer researcher)
  add_test(NAME manual_${page} COMMAND ${HALP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/manual/run_page.py
    ${PROJECT_SOURCE_DIR}/tools/manual/${page}.md ${PROJECT_BINARY_DIR})
  set_tests_properties(manual_${page} PROPERTIES SKIP_RETURN_CODE 77 LABELS process-socket-netns TIMEOUT 120)
endforeach()
add_test(NAME OtherTools COMMAND ${HALP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/halp-sim/other_tools_test.py
  $<TARGET_FILE:halp-sim> ${PROJECT_SOURCE_DIR}/tools/halp-sim/recipes ${CMAKE_CURRENT_BINARY_DIR}/other_tools)
set_tests_properties(OtherTools PROPERTIES SKIP_RETURN_CODE 77 LABELS process TIMEOUT 120)
if(NOT HALP_SANITIZE)  # Python and programs from outside would have to be built so, too
  add_test(NAME PythonHalp COMMAND ${HALP_PYTHON} ${CMAKE_CURRENT_SOURCE_DIR}/python/python_halp_test.py)
  set_tests_properties(PythonHalp PROPERTIES TIMEOUT 120 LABELS process-socket
    ENVIRONMENT "PYTHONPATH=${PROJECT_SOURCE_DIR}/tools/python;PYTHONDONTWRITEBYTECODE=1;HALPD_BINARY=$<TARGET_FILE:halpd>;HALP_LIBRARY=$<TARGET_FILE:libhalp>")
  add_dependencies(all_tests halpd libhalp)
  set_tests_properties(manual_developer PROPERTIES
    ENVIRONMENT "PYTHONPATH=${PROJECT_SOURCE_DIR}/tools/python;PYTHONDONTWRITEBYTECODE=1;HALP_LIBRARY=$<TARGET_FILE:libhalp>")
  add_test(NAME InstalledLibraries COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/packaging/install_and_try
    ${CMAKE_COMMAND} ${PROJECT_BINARY_DIR} $<TARGET_FILE:halpd> $<TARGET_FILE:halp> ${PROJECT_SOURCE_DIR})
  set_tests_properties(InstalledLibraries PROPERTIES TIMEOUT 120 LABELS process-socket)
  add_dependencies(all_tests halp)
endif()
