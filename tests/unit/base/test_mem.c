/* Rules of base/mem.h and base/arena.h. */
#include "scratch.h"

#include <signal.h>

/* Under the sanitizers exhausted memory shall be NULL here too. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

__attribute__((visibility("default"))) const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "allocator_may_return_null=1";
}

static void allocated_memory_is_zeroed(void **state)
{
	static const char zeros[4096];
	char *memory = mem_alloc(sizeof(zeros));

	(void)state;
	assert_memory_equal(memory, zeros, sizeof(zeros));
	mem_free(memory);
}

static void an_allocation_of_nothing_is_a_pointer(void **state)
{
	void *memory = mem_alloc(0);

	(void)state;
	assert_non_null(memory);
	memory = mem_resize(memory, 0, 0);
	assert_non_null(memory);
	mem_free(memory);
	mem_free(NULL);
}

static void what_a_resize_adds_is_zeroed_and_the_rest_stays(void **state)
{
	static const char zeros[1000];
	char *memory = mem_copy("abc", 3);

	(void)state;
	memory = mem_resize(memory, 3, sizeof(zeros));
	assert_memory_equal(memory, "abc", 3);
	assert_memory_equal(memory + 3, zeros, sizeof(zeros) - 3);
	mem_free(memory);
}

static void a_copy_gets_a_zero_and_null_stays_null(void **state)
{
	char *copy = mem_copy("a\0b", 3);

	(void)state;
	assert_memory_equal(copy, "a\0b", 4);
	mem_free(copy);
	assert_null(mem_text(NULL));
}

static void a_vector_keeps_its_items_while_it_grows(void **state)
{
	struct {
		int *items;
		size_t count;
		size_t capacity;
	} vector = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		VEC_PUSH(&vector, i * 3);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(vector.items[i], i * 3);
	mem_free(vector.items);
}

static void say_exhausted(void)
{
	_exit(42);
}

static int allocate_too_much(void *context)
{
	volatile size_t size = SIZE_MAX / 2;

	if (context)
		mem_on_exhausted(say_exhausted);
	mem_free(mem_alloc(size));
	return 0;
}

static void exhausted_memory_ends_the_process_through_the_handler(void **state)
{
	int status = in_child(allocate_too_much, state);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 42);
}

static int without_core(void *context)
{
	signal(SIGABRT, SIG_DFL);
	return allocate_too_much(context);
}

static void without_a_handler_exhausted_memory_aborts(void **state)
{
	int status = in_child(without_core, NULL);

	(void)state;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGABRT);
}

static int overflow_a_copy(void *context)
{
	(void)context;
	mem_on_exhausted(say_exhausted);
	mem_free(mem_copy("", SIZE_MAX));
	return 0;
}

static int overflow_an_arena(void *context)
{
	struct arena arena = {0};

	(void)context;
	mem_on_exhausted(say_exhausted);
	arena_alloc(&arena, SIZE_MAX - 3);
	return 0;
}

static void a_size_that_overflows_is_exhausted_memory(void **state)
{
	(void)state;
	assert_int_equal(WEXITSTATUS(in_child(overflow_a_copy, NULL)), 42);
	assert_int_equal(WEXITSTATUS(in_child(overflow_an_arena, NULL)), 42);
}

#ifdef ELOQUENT_FAULTS
/* Allocates five times; the environment says which one fails. Started as a
 * program of its own, because the seam reads the variable once. */
static int allocate_five_times(void)
{
	mem_on_exhausted(say_exhausted);
	for (int i = 0; i < 5; i++)
		mem_free(mem_alloc(1));
	return 0;
}

static int start_again(void *context)
{
	char name[] = "five";
	char *const arguments[] = {name, name, NULL};
	char *const environment[] = {context, NULL};

	execve("/proc/self/exe", arguments, environment);
	return 99;
}

static int result_with(const char *variable)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", variable);
	return WEXITSTATUS(in_child(start_again, copy));
}

static void the_nth_allocation_fails_when_the_environment_says_so(void **state)
{
	(void)state;
	assert_int_equal(result_with("ELQ_FAULT_ALLOC=1"), 42);
	assert_int_equal(result_with("ELQ_FAULT_ALLOC=5"), 42);
	assert_int_equal(result_with("ELQ_FAULT_ALLOC=6"), 0);
	assert_int_equal(result_with("ELQ_FAULT_ALLOC="), 0);
	assert_int_equal(result_with("OTHER=1"), 0);
}
#endif

static void what_an_arena_gives_is_zeroed_aligned_and_apart(void **state)
{
	struct arena arena = {0};
	unsigned char *given[500];
	size_t sizes[500];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		sizes[i] = i % 7 == 6 ? 30000 : i;
		given[i] = arena_alloc(&arena, sizes[i]);
		assert_int_equal((uintptr_t)given[i] % 16, 0);
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(given[i][j], 0);
		memset(given[i], (int)(i & 255), sizes[i]);
	}
	for (size_t i = 0; i < COUNT_OF(given); i++) {
		for (size_t j = 0; j < sizes[i]; j++)
			assert_int_equal(given[i][j], i & 255);
	}
	arena_free(&arena);
}

static void a_freed_arena_is_empty_and_usable(void **state)
{
	struct arena arena = {0};

	(void)state;
	arena_text(&arena, "a");
	arena_free(&arena);
	assert_null(arena.blocks);
	assert_string_equal(arena_text(&arena, "b"), "b");
	arena_free(&arena);
	arena_free(&arena);
}

static void an_arena_formats_any_length(void **state)
{
	struct arena arena = {0};
	const char *text = arena_printf(&arena, "%0100000d|%s", 7, "end");

	(void)state;
	assert_int_equal(strlen(text), 100004);
	assert_string_equal(text + 99999, "7|end");
	assert_null(arena_text(&arena, NULL));
	assert_memory_equal(arena_copy(&arena, "a\0b", 3), "a\0b", 4);
	arena_free(&arena);
}

int main(int count, char **words)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(allocated_memory_is_zeroed),
		cmocka_unit_test(an_allocation_of_nothing_is_a_pointer),
		cmocka_unit_test(what_a_resize_adds_is_zeroed_and_the_rest_stays),
		cmocka_unit_test(a_copy_gets_a_zero_and_null_stays_null),
		cmocka_unit_test(a_vector_keeps_its_items_while_it_grows),
		cmocka_unit_test(exhausted_memory_ends_the_process_through_the_handler),
		cmocka_unit_test(without_a_handler_exhausted_memory_aborts),
		cmocka_unit_test(a_size_that_overflows_is_exhausted_memory),
		cmocka_unit_test(what_an_arena_gives_is_zeroed_aligned_and_apart),
		cmocka_unit_test(a_freed_arena_is_empty_and_usable),
		cmocka_unit_test(an_arena_formats_any_length),
#ifdef ELOQUENT_FAULTS
		cmocka_unit_test(the_nth_allocation_fails_when_the_environment_says_so),
#endif
	};

#ifdef ELOQUENT_FAULTS
	if (count == 2 && strcmp(words[1], "five") == 0)
		return allocate_five_times();
#endif
	(void)count;
	(void)words;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
