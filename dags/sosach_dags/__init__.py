"""What the DAG files share: declared words and small task helpers.

Holds no DAG (``dags/.airflowignore`` keeps the DAG processor out) and no logic of a stage: that is ``sosach.stages``.
"""
