-- What goes to the archive (domain 2.2: 34; 4): which kinds of paper there are, what
-- was handed over, what was destroyed.

-- The college's own table of what is filed and for how long (归档范围和保管期限表).
-- One kind an entity: its objects in these states are closed and due for hand-over.
CREATE TABLE data.archive_kind (
	entity text PRIMARY KEY,
	form text NOT NULL,               -- D25: what it is on paper
	class text NOT NULL CHECK (class ~ '^[A-Z]{2}[0-9]{2}$'),  -- DQ11 党务综合, DQ13 组织
	title data.line NOT NULL,
	retention text NOT NULL CHECK (retention IN ('PERMANENT', 'YEARS_30', 'YEARS_10',
		'AS_ACCOUNTS')),
	states text[] NOT NULL,
	changed_by text REFERENCES data.person,
	changed_on date,
	basis data.line);
INSERT INTO data.archive_kind (entity, form, class, title, retention, states) VALUES
	('application', 'D1', 'DQ13', '申报表', 'YEARS_30',
		'{EFFECTIVE,NOT_THIS_TIME,REJECTED_AFTER_OBJECTION,WITHDRAWN,LAPSED}'),
	('round', 'D2', 'DQ13', '自评报告和问题整改台账', 'YEARS_10',
		'{ENDED_TERM,ENDED_REORG,ENDED_REVOKED}'),
	('ballot_session', 'D7', 'DQ13', '民主测评计票汇总表', 'YEARS_30', '{CERTIFIED,ARCHIVED}'),
	('survey', 'D9', 'DQ13', '群众评判民意调查结果', 'YEARS_10', '{CLOSED}'),
	('interview', 'D10', 'DQ13', '访谈记录', 'YEARS_10', '{KEPT}'),
	('letter', 'D11', 'DQ13', '社会评价征求意见函和回函', 'YEARS_10', '{ANSWERED,UNANSWERED}'),
	('duty_review', 'D13', 'DQ13', '述职评议考核综合评定表', 'YEARS_30', '{RECORDED}'),
	('note', 'D14', 'DQ13', '日常了解情况和督查记录', 'YEARS_10', '{KEPT}'),
	('dispatch', 'D14C', 'DQ13', '调度会纪要', 'YEARS_10', '{HELD}'),
	('dossier', 'D16', 'DQ13', '四评情况汇总材料', 'YEARS_30', '{FROZEN,REOPENED}'),
	('meeting', 'D18', 'DQ11', '党委会议纪要和决议', 'PERMANENT', '{SIGNED}'),
	('clearance', 'D15', 'DQ13', '征求意见表', 'YEARS_30', '{ANSWERED,WITHDRAWN}'),
	('objection', 'D24', 'DQ13', '异议登记、核实和答复', 'YEARS_30', '{CLOSED,OUT_OF_SCOPE}'),
	('escalation', 'D27', 'DQ13', '向上级申报的请示和推荐表', 'PERMANENT',
		'{APPROVED,NOT_APPROVED,CANCELLED}'),
	('award_review', 'D28', 'DQ13', '复核和取消评定材料', 'PERMANENT', '{REVOKED,KEPT,LAPSED}'),
	('notice', 'D22', 'DQ11', '公示及情况报告', 'YEARS_30', '{ENDED_CLEAR,ENDED_WITH_OBJECTION}'),
	('award', 'D25', 'DQ13', '命名决定', 'PERMANENT',
		'{EFFECTIVE,UNDER_REVIEW,REVOKED,ENDED_TERM,CONTINUED,ENDED_REORG}'),
	('reorg', 'D29', 'DQ13', '接续建设备案表', 'YEARS_30', '{DONE}'),
	('recommendation', 'D30', 'DQ13', '优先推荐情况登记表', 'YEARS_30', '{CLOSED}'),
	('fund', 'D31', 'DQ11', '经费台账', 'AS_ACCOUNTS', '{RECONCILED,WITHDRAWN}'),
	('weak_lax', 'D33', 'DQ13', '软弱涣散整顿台账', 'YEARS_30', '{CLOSED}');

-- HANDED_OVER, TAKEN_OVER: two people, the one who gives and the archivist.
CREATE TABLE data.handover (
	id text PRIMARY KEY,              -- YJ26-01
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,
	handed_on date NOT NULL,
	handed_by text NOT NULL REFERENCES data.person,
	taken_on date,
	taken_by text REFERENCES data.person CHECK (taken_by <> handed_by));

CREATE TABLE data.handover_item (
	handover_id text NOT NULL REFERENCES data.handover,
	item_no int NOT NULL,
	object_id text NOT NULL UNIQUE,
	entity text NOT NULL,
	org_id text NOT NULL REFERENCES data.org,
	form text NOT NULL,
	class text NOT NULL,
	title data.line NOT NULL,
	retention text NOT NULL,
	pages int CHECK (pages > 0),      -- of the paper, counted by hand
	PRIMARY KEY (handover_id, item_no));

-- Destroyed, by an act of two people with a day and a reason; nothing else destroys.
CREATE TABLE data.disposal (
	id text PRIMARY KEY,              -- XH26-01
	org_id text NOT NULL REFERENCES data.org,
	state text NOT NULL,              -- DISPOSED
	object_id text NOT NULL UNIQUE,
	title data.line NOT NULL,
	disposed_on date NOT NULL,
	reason data.narrative NOT NULL,
	basis data.line NOT NULL,
	disposed_by text NOT NULL REFERENCES data.person);
