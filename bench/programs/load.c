/* load.c - loads rows that it makes itself, through the host's database_load: what
 * bench/run measures against `sqlite3 .import` of the same rows in a ready file.
 *
 *     bench_load PLUGINS DATABASE ROWS    into the table `people`, in one unit
 *     bench_load --csv FILE ROWS          the same rows as text
 *
 * A row is made from its number alone, so that both get the same ones. */
#include "plugin/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 1024
#define COLUMNS 6

struct row {
	int64_t id;
	char name[40];
	char email[40];
	int64_t age;
	int64_t quarters; /* balance, exact in binary and in text */
	int64_t created;  /* microseconds */
};

_Noreturn static void leave(const char *what)
{
	fprintf(stderr, "bench_load: %s\n", what);
	exit(1);
}

/* splitmix64: the order of emails has nothing to do with that of ids. */
static uint64_t mix(uint64_t value)
{
	value += UINT64_C(0x9e3779b97f4a7c15);
	value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
	return value ^ (value >> 31);
}

static void make_row(int64_t number, struct row *row)
{
	static const char *const first[] = {"Ada",  "Grace",  "Edsger",  "Barbara",
					    "Alan", "Donald", "Frances", "Dennis"};
	static const char *const last[] = {"Lovelace", "Hopper", "Dijkstra", "Liskov",
					   "Turing",   "Knuth",  "Allen",    "Ritchie"};
	static const char digits[] = "0123456789abcdef";
	uint64_t bits = mix((uint64_t)number);
	char *to = stpcpy(row->name, first[bits & 7]);
	*to++ = ' ';
	stpcpy(to, last[(bits >> 3) & 7]);
	for (int i = 0; i < 16; i++)
		row->email[i] = digits[(bits >> (4 * i)) & 15];
	memcpy(row->email + 16, "@example.com", 13);
	row->id = number;
	row->age = 18 + (int64_t)((bits >> 6) % 70);
	row->quarters = (int64_t)((bits >> 13) % 4000000);
	row->created = INT64_C(1704067200000000) + number * 1000003;
}

static void fill(const struct row *row, struct elq_value values[COLUMNS])
{
	values[0] = (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = row->id};
	values[1] = (struct elq_value){
		.type = ELQ_TYPE_TEXT, .as.data = row->name, .size = strlen(row->name)};
	values[2] = (struct elq_value){.type = ELQ_TYPE_TEXT, .as.data = row->email, .size = 28};
	values[3] = (struct elq_value){.type = ELQ_TYPE_I64, .as.i64 = row->age};
	values[4] = (struct elq_value){.type = ELQ_TYPE_F64, .as.f64 = (double)row->quarters / 4};
	values[5] = (struct elq_value){.type = ELQ_TYPE_TIMESTAMP, .as.i64 = row->created};
}

static void write_csv(const char *path, int64_t rows)
{
	FILE *file = fopen(path, "w");
	if (file == NULL)
		leave(path);
	for (int64_t number = 1; number <= rows; number++) {
		struct row row;
		char day[CLOCK_TEXT];
		make_row(number, &row);
		clock_format(row.created, day); /* 2024-01-01T00:00:01.000003Z */
		day[10] = ' ';
		day[26] = '\0';
		fprintf(file, "%lld,%s,%s,%lld,%.2f,%s\n", (long long)row.id, row.name, row.email,
			(long long)row.age, (double)row.quarters / 4, day);
	}
	if (fclose(file) != 0)
		leave(path);
}

static enum status load_rows(struct database *database, int64_t rows, struct error *error)
{
	static struct row made[BATCH];
	static struct elq_value values[BATCH * COLUMNS];
	enum status status = STATUS_OK;
	for (int64_t number = 1; number <= rows && status == STATUS_OK; number += BATCH) {
		int64_t count = rows - number + 1 < BATCH ? rows - number + 1 : BATCH;
		for (int64_t i = 0; i < count; i++) {
			make_row(number + i, &made[i]);
			fill(&made[i], &values[i * COLUMNS]);
		}
		status = database_load_write(database, values, (uint64_t)count, error);
	}
	return status;
}

static enum status load(struct database *database, int64_t rows, struct error *error)
{
	static const char *const names[COLUMNS] = {"id",  "name",    "email",
						   "age", "balance", "created_at"};
	struct elq_column columns[COLUMNS];
	struct elq_load_result result;
	for (int i = 0; i < COLUMNS; i++)
		columns[i] = (struct elq_column){.struct_size = sizeof(columns[i]),
						 .name = {names[i], strlen(names[i])}};
	const struct elq_load_plan plan = {
		.table = {"people", 6}, .columns = columns, .column_count = COLUMNS};
	enum status status = database_begin(database, 0, NULL, 0, -1, error);
	if (status == STATUS_OK)
		status = database_load_begin(database, &plan, error);
	if (status == STATUS_OK)
		status = load_rows(database, rows, error);
	if (status == STATUS_OK)
		status = database_load_finish(database, &result, error);
	return status == STATUS_OK ? database_commit(database, error) : status;
}

int main(int argc, char **argv)
{
	ERROR_CLEANUP struct error error = {0};
	struct observer *observer = observer_new();
	const struct driver *driver = NULL;
	struct database *database = NULL;
	if (argc != 4)
		leave("usage: bench_load PLUGINS DATABASE ROWS | --csv FILE ROWS");
	int64_t rows = strtoll(argv[3], NULL, 10);
	if (strcmp(argv[1], "--csv") == 0) {
		write_csv(argv[2], rows);
		return 0;
	}
	struct project project = {.root = "/", .plugin_dir = argv[1]};
	struct setting path = {.key = "path", .value = argv[2], .origin = {LAYER_INI, "/bench", 1}};
	const struct connection connection = {
		.name = "bench", .driver = "sqlite", .settings = {.items = &path, .count = 1}};
	enum status status = driver_load(observer, &project, "sqlite", &driver, &error);
	if (status == STATUS_OK)
		status =
			database_open(observer, &project, &connection, driver, true, &database, &error);
	if (status == STATUS_OK)
		status = load(database, rows, &error);
	if (status != STATUS_OK)
		leave(error.message);
	database_close(database);
	observer_free(observer);
	return 0;
}
